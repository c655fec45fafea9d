// ---- the large view; its address is the part of the page's behind the #

const stage = find(".stage", view);
let current = null;
let addressed = ""; // the address of the view as the browser has it
let entered = false; // whether the visitor came from the wall, so that one step back leads there
let cameFrom = null; // the picture, and the link elsewhere on the page that led to it
let settled; // the address follows when the visitor pauses: browsers stop pages that change it too often

function show(picture) {
  current = picture;
  const among = visible.includes(picture) ? visible : pictures;
  find(".place", view).textContent = `${among.indexOf(picture) + 1} of ${among.length}`;
  find("h2", view).textContent = picture.name;
  document.title = `${picture.name} · ${data.title}`;
  const facts = [["seed", picture.told], ["in a scene", picture.told === picture.seed ? "" : picture.seed], ...picture.settings, ["size", `${picture.width} × ${picture.height}`]];
  find("dl", view).replaceChildren(...facts.filter(([, value]) => value).flatMap(([key, value]) => [
    element("dt", { textContent: data.short[key] ?? key, title: key }),
    element("dd", { textContent: value }),
  ]));
  find(".note", view).textContent = picture.note;
  find("pre", view).textContent = picture.command;
  find("a", view).href = picture.file;
  const shown = picture.film ? filmOf(picture) : imageOf(picture);
  shown.style.setProperty("--aspect", picture.width / picture.height);
  shown.style.setProperty("--most", `${2 * picture.width}px`); // more would show pixels
  shown.style.backgroundImage = `url("${picture.thumbnail}")`;
  stage.replaceChildren(shown);
  for (const near of [1, -1].map(neighbour)) if (!near.film) new Image().src = near.file;
  showViewStar();
}

function imageOf(picture) {
  const image = element("img", { alt: picture.label, width: picture.width, height: picture.height, draggable: false });
  image.onload = () => { image.style.background = "none"; };
  image.onerror = () => {
    find(".note", view).textContent = `${picture.note} This browser cannot show the file itself.`.trim();
    if (!image.src.endsWith(picture.thumbnail.slice(1))) image.src = picture.thumbnail;
  };
  image.src = picture.file;
  return image;
}

function filmOf(picture) {
  return element("video", {
    src: picture.file, controls: true, loop: true, muted: true, playsInline: true, ariaLabel: `Film, ${picture.label}`,
    autoplay: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
}

function showViewStar() {
  const button = find("section .star", view);
  button.ariaPressed = String(stars.has(current.id));
  find("span", button).textContent = stars.has(current.id) ? "Starred" : "Star";
}

function neighbour(by) {
  const among = visible.includes(current) ? visible : pictures;
  return among.at((among.indexOf(current) + by) % among.length);
}

function step(by) {
  show(neighbour(by));
  clearTimeout(settled);
  settled = setTimeout(() => {
    history.replaceState(null, "", current.address);
    addressed = location.hash;
  }, 200);
}

function route() {
  let id = location.hash.slice(1);
  try {
    id = decodeURIComponent(id);
  } catch { /* somebody typed it: taken as it is */ }
  const picture = byId.get(id);
  if (picture) {
    addressed = location.hash;
    show(picture);
    lay(view);
  } else if (view.open) {
    view.close();
  } else if (id) {
    say(`There is no picture ${id.slice(0, 80)} here.`);
  }
}

window.addEventListener("hashchange", ({ oldURL }) => {
  entered = !new URL(oldURL).hash;
  route();
});

view.addEventListener("close", () => {
  clearTimeout(settled);
  if (view.open) return; // another picture was asked for meanwhile
  stage.replaceChildren(); // a film stops
  document.title = data.title;
  if (location.hash === addressed) { // otherwise the visitor has gone elsewhere already
    if (entered) history.back();
    else history.replaceState(null, "", location.pathname + location.search);
  }
  if (cameFrom?.picture === current) cameFrom.link.focus();
  else if (visible.includes(current)) find("a", current.tile).focus();
  cameFrom = null;
});

find(".back", view).onclick = () => step(-1);
find(".on", view).onclick = () => step(1);
find("section .star", view).onclick = () => toggleStar(current);
find(".copy", view).onclick = () => copyCommand(current);
stage.onclick = (event) => event.target === stage && view.close();

let touched = null;
stage.addEventListener("touchstart", ({ touches }) => {
  touched = touches.length === 1 ? touches[0] : null;
}, { passive: true });
stage.addEventListener("touchend", ({ changedTouches: [end] }) => {
  const [right, down] = touched ? [end.clientX - touched.clientX, end.clientY - touched.clientY] : [0, 0];
  if (Math.abs(right) > 48 && Math.abs(right) > 2 * Math.abs(down)) step(right < 0 ? 1 : -1);
}, { passive: true });

const copyCommand = (picture) => copy(picture.command, "Command", view.open ? find("pre", view) : null);

// ---- keys

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=range]), select")) return;
  const box = find("dialog.box[open]");
  const picture = box ? null : view.open ? current : focusedPicture() ?? pointedPicture();
  const onPicture = (what) => !box && (picture ? () => what(picture) : () => say("Go to a picture first: with the arrow keys, or point at it."));
  const keys = {
    ArrowLeft: view.open && !box && (() => step(-1)),
    ArrowRight: view.open && !box && (() => step(1)),
    s: onPicture(toggleStar),
    c: onPicture(copyCommand),
    "/": !view.open && !box && (() => search.select()),
    "?": box ? box.id === "keys" && (() => box.close()) : () => lay(find("#keys")),
  };
  const onWall = !view.open && !box && visible.length && !event.target.closest(".table"); // which scrolls
  const work = onWall && /^(Arrow|Home|End)/.test(event.key) ? () => move(event.key) : keys[event.key];
  // a slider and a film that have the focus know the arrows themselves
  if (!work || (event.key.startsWith("Arrow") && event.target.matches("input, video"))) return;
  event.preventDefault();
  work();
});

// ---- the beginning

for (const button of document.querySelectorAll("dialog .close")) button.onclick = () => button.closest("dialog").close();
for (const button of [only, reverse]) {
  button.onclick = () => {
    button.ariaPressed = String(!pressed(button));
    hang();
  };
}
wall.addEventListener("focusin", () => stop(focusedPicture()));
search.oninput = sort.onchange = hang;
size.oninput = resize;
size.onchange = () => keep("size", size.value);
find("#help").onclick = () => lay(find("#keys"));
find("#export").onclick = showExports;
find("#all").onclick = showAll;
window.addEventListener("storage", () => {
  stars = recallStars();
  showStars();
});
new ResizeObserver(([{ target }]) => {
  const covered = getComputedStyle(target).position === "sticky" ? target.offsetHeight : 0;
  wall.style.setProperty("--bar", `${covered + 16}px`);
}).observe(find("#bar"));

const aspects = new Set(pictures.map(({ width, height }) => (width / height).toFixed(3)));
wall.style.setProperty("--cell", aspects.size === 1 ? [...aspects][0] : 1);
const films = pictures.filter(({ film }) => film).length;
const counted = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
find("#about").textContent = [[pictures.length - films, "picture"], [films, "film"]]
  .filter(([number]) => number).map((pair) => counted(...pair)).join(", ") || "Nothing here yet.";
Object.keys(data.short).forEach(addSetting);
find("#failed").hidden = !data.failed.length;
find("#failed summary").textContent = `${data.failed.length} could not be made`;
find("#failed dl").append(...data.failed.flatMap(([name, why]) => [
  element("dt", { textContent: name }), element("dd", { textContent: why })]));
size.value = Number(recall("size")) || (innerWidth < 600 ? 148 : pictures.length > 60 ? 176 : pictures.length > 15 ? 224 : 320);
resize();
hang();
showStars();
route();
