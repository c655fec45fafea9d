"use strict";

// What comes from the gallery is text and stays text: it is set as textContent or as a property, never as markup.

const find = (selector, inside = document) => inside.querySelector(selector);
const data = JSON.parse(find("#data").textContent);
const pictures = JSON.parse(find("#pictures").textContent);
const wall = find("#wall");
const view = find("#view");
const isNumber = (text) => /^-?\d+$/.test(text);
const byNature = new Intl.Collator("en", { numeric: true }).compare;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- what the browser keeps for this gallery; all files on a disk share one store, so the key is the place

const place = location.pathname.replace(/index\.html$/, "");

function recall(what) {
  try {
    return JSON.parse(localStorage.getItem(`artengine ${what} ${place}`));
  } catch {
    return null;
  }
}

function keep(what, value) {
  try {
    localStorage.setItem(`artengine ${what} ${place}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

function recallStars() {
  const stored = recall("stars");
  return new Set(Array.isArray(stored) ? stored : []);
}

// ---- dialogs: what is read first is their heading

function lay(dialog) {
  if (dialog.open) return;
  dialog.showModal();
  find("h2", dialog).focus();
}

// ---- the pictures

const byId = new Map();
const ofTile = new WeakMap();
let stars = recallStars();

for (const [index, picture] of pictures.entries()) {
  // the name, unless two outputs made files of that name
  picture.id = [picture.name, picture.file].find((id) => id && !byId.has(id)) ?? `${picture.file} ${index}`;
  byId.set(picture.id, picture);
  picture.values = new Map(picture.settings);
  picture.told ??= picture.seed; // as people say it
  picture.words = [picture.name, picture.seed, picture.told, picture.note, ...picture.settings.map((pair) => pair.join("="))]
    .join("\n").toLowerCase();
  picture.address = `#${encodeURIComponent(picture.id)}`;
  picture.tile = tileOf(picture);
}

function tileOf(picture) {
  const tile = find("#tile").content.firstElementChild.cloneNode(true);
  const link = find("a", tile);
  const image = find("img", tile);
  link.href = picture.address;
  link.tabIndex = -1;
  link.title = picture.name;
  link.classList.toggle("movie", picture.film);
  image.onerror = () => link.classList.add("missing");
  image.style.setProperty("--aspect", picture.width / picture.height);
  image.alt = picture.film ? `Film, ${picture.label}` : picture.label;
  image.src = picture.thumbnail;
  find("b", tile).textContent = picture.told || picture.name;
  find("span", tile).textContent = picture.settings.map(([key, value]) => `${data.short[key]} ${value}`).join(" · ");
  find(".star", tile).onclick = () => toggleStar(picture);
  ofTile.set(tile, picture);
  showStar(picture, tile);
  return tile;
}

function showStar(picture, tile = picture.tile) {
  const button = find(".star", tile);
  button.ariaPressed = String(stars.has(picture.id));
  button.ariaLabel = `Star ${picture.label}`;
}

// ---- the wall: what is searched for, in which order

let visible = pictures;
const chosen = new Map(); // for each setting the values that are wanted; all where none is
const search = find("#search");
const sort = find("#sort");
const reverse = find("#reverse");
const only = find("#only");
const size = find("#size");

// "137", "10..20, 40", or words
function wanted(text) {
  const tests = text.split(",").map((word) => word.trim().toLowerCase()).filter(Boolean).map((word) => {
    const range = /^(-?\d*)\s*\.\.\s*(-?\d*)$/.exec(word);
    if (range) {
      const low = range[1] ? Number(range[1]) : -Infinity;
      const high = range[2] ? Number(range[2]) : Infinity;
      return ({ seed }) => isNumber(seed) && low <= Number(seed) && Number(seed) <= high;
    }
    if (isNumber(word)) return ({ seed }) => isNumber(seed) && Number(seed) === Number(word);
    return ({ words }) => words.includes(word);
  });
  return (picture) => !tests.length || tests.some((test) => test(picture));
}

function inOrder(some) {
  const key = sort.value;
  const value = key === "seed" ? ({ seed }) => seed : ({ values }) => values.get(key.slice(1)) ?? "";
  const ordered = key === "made" ? [...some] : some.toSorted((one, other) => byValue(value(one), value(other)));
  return pressed(reverse) ? ordered.reverse() : ordered;
}

function byValue(one, other) {
  const difference = Number(one) - Number(other);
  return one && other && !Number.isNaN(difference) ? difference : byNature(one, other);
}

const pressed = (button) => button.ariaPressed === "true";

function hang() {
  const focused = focusedPicture();
  const before = visible.indexOf(focused);
  const test = wanted(search.value);
  visible = inOrder(pictures.filter((picture) =>
    (!pressed(only) || stars.has(picture.id)) && test(picture)
    && [...chosen].every(([key, values]) => !values.size || values.has(picture.values.get(key)))));
  wall.replaceChildren(...visible.map((picture) => picture.tile));
  const all = visible.length === pictures.length;
  find("#count span").textContent = all ? "" : visible.length
    ? `${visible.length} of ${pictures.length}` : "Nothing is like that";
  find("#all").hidden = all;
  const next = visible.includes(focused) ? focused : visible[Math.min(Math.max(before, 0), visible.length - 1)];
  stop(next);
  if (focused) next?.tile.firstElementChild.focus({ preventScroll: true });
}

// the one picture at which the Tab key stops
function stop(picture) {
  for (const link of wall.querySelectorAll('a[tabindex="0"]')) link.tabIndex = -1;
  if (picture) find("a", picture.tile).tabIndex = 0;
}

function focusedPicture() {
  return ofTile.get(document.activeElement?.closest("#wall li"));
}

// the picture under the mouse
const pointedPicture = () => ofTile.get(find("li:hover", wall));

// from the focused picture; where none is, to the one at which the Tab key stops
function move(key) {
  const columns = getComputedStyle(wall).gridTemplateColumns.split(" ").length;
  const last = visible.length - 1;
  const here = visible.indexOf(focusedPicture());
  const to = { ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - columns, ArrowDown: here + columns, Home: 0, End: last };
  if (here < 0) to[key] = key === "End" ? last : visible.findIndex(({ tile }) => find("a", tile).tabIndex === 0);
  find("a", visible[to[key]]?.tile ?? wall.firstElementChild).focus();
}

function resize() {
  wall.style.setProperty("--size", `${size.value}px`);
  wall.classList.toggle("narrow", Number(size.value) < 104);
}

function showAll() {
  search.value = "";
  only.ariaPressed = "false";
  chosen.forEach((values) => values.clear());
  for (const chip of document.querySelectorAll("#settings button")) chip.ariaPressed = "false";
  hang();
  search.focus();
}

function addSetting(key) {
  const values = new Set(pictures.map((picture) => picture.values.get(key)));
  if (values.size < 2) return;
  values.delete(undefined);
  chosen.set(key, new Set());
  const chips = [...values].sort(byValue).map((value) => {
    const chip = element("button", { type: "button", textContent: value || "—", title: value, ariaPressed: "false" });
    chip.onclick = () => {
      chip.ariaPressed = String(!pressed(chip));
      chosen.get(key)[pressed(chip) ? "add" : "delete"](value);
      hang();
    };
    return chip;
  });
  find("#settings").append(element("fieldset", {}, element("legend", { textContent: data.short[key], title: key }), ...chips));
  sort.append(element("option", { value: `.${key}`, textContent: data.short[key] }));
}

// ---- stars

function toggleStar(picture) {
  stars = recall("stars") ? recallStars() : stars; // another window may have starred too
  stars[stars.has(picture.id) ? "delete" : "add"](picture.id);
  if (!keep("stars", [...stars])) say("Starred for now: this browser keeps nothing for this page.");
  showStars();
}

function showStars() {
  pictures.forEach((picture) => showStar(picture));
  const number = starred().length;
  find("#stars").textContent = number;
  find("#export").hidden = number === 0;
  if (pressed(only)) hang();
  if (view.open) showViewStar();
}

const starred = () => inOrder(pictures.filter(({ id }) => stars.has(id)));

// ---- saying and copying

let silence;

function say(text) {
  const said = find("#said");
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(said); // what is below a dialog is mute
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => said.classList.remove("shown"), 2500);
}

async function copy(text, what, shownIn) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    done = copyTheOldWay(text);
  }
  say(done ? `${what} copied` : "This browser does not let the page copy: select the text and copy it.");
  if (!done && shownIn) getSelection().selectAllChildren(shownIn);
}

function copyTheOldWay(text) {
  const focused = document.activeElement;
  const field = element("textarea", { value: text, readOnly: true, className: "beside" });
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
