// ---- what was starred, to take along

// a number or a grown seed stands in a scene as it is; whatever else somebody called a seed becomes a text there
const inScene = (seed) => /^[\w .+:,{}[\]-]+$/.test(seed) ? seed : JSON.stringify(seed);
const inShell = (text) => /^[\w.,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const seedsOf = (some) => [...new Set(some.map(({ seed }) => seed))].filter(Boolean);

// the pictures that have the same in common, as [what, pictures]
function together(some, what) {
  const groups = new Map();
  for (const picture of some) {
    const group = what(picture);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(picture);
  }
  return [...groups];
}

// one command for each of the settings; children of a picture have none, but their seeds are good for any gallery
function asSeeds(some) {
  const groups = together(some, ({ gallery }) => data.galleries[gallery]);
  return groups.map(([gallery, these], index) => [
    gallery, `--seeds ${inShell(seedsOf(these).join(","))}`,
    gallery && groups.length > 1 && `--out starred-${index + 1}`, // their files may have the same names
  ].filter(Boolean).join(" ")).join("\n");
}

function showExports() {
  const some = starred();
  const box = find("#exports");
  const differing = [...chosen.keys()].filter((key) => new Set(some.map(({ values }) => values.get(key))).size > 1);
  const scenes = together(some, ({ walk }) => data.walks[walk]).filter(([scene]) => scene);
  const without = some.filter(({ walk }) => !data.walks[walk]).length;
  find(".note", box).textContent = [
    differing.length && `These differ in more than the seed: ${differing.map((key) => data.short[key]).join(", ")}. `
      + "So there is a gallery and a scene for each.",
    scenes.length && without && `For ${without} of them there is no scene, only the commands.`,
  ].filter(Boolean).join(" ");
  find("#seeds").textContent = asSeeds(some);
  find("#commands").textContent = some.map(({ command }) => command).join("\n");
  for (const { href } of box.querySelectorAll("a[download]")) URL.revokeObjectURL(href);
  find("#scenes").replaceChildren(...scenes.map(([scene, these], index) => {
    const number = scenes.length > 1 ? `-${index + 1}` : "";
    const which = differing.map((key) => `${data.short[key]} ${these[0].values.get(key) ?? "–"}`).join(", ");
    const heading = !number ? "As a scene: a film that walks from one to the next"
      : `As a scene${which && `, ${which}`}: ${these.length === 1 ? "one picture" : `a film through ${these.length}`}`;
    return sceneBlock(`starred${number}.yaml`, heading,
      scene.replace(data.place, () => `seed: [${seedsOf(these).map(inScene).join(", ")}]`));
  }));
  for (const button of box.querySelectorAll(".copy")) {
    const pre = button.closest("div").querySelector("pre");
    button.onclick = () => copy(pre.textContent, button.textContent.replace("Copy s", "S").replace("Copy c", "C"), pre);
  }
  lay(box);
}

function sceneBlock(name, heading, text) {
  const block = find("#scene").content.firstElementChild.cloneNode(true);
  const [title, pre, link] = ["h3", "pre", "a"].map((tag) => find(tag, block));
  title.textContent = heading;
  title.id = name;
  pre.setAttribute("aria-labelledby", name);
  pre.textContent = text;
  link.download = name;
  link.textContent = `Download ${name}`;
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  return block;
}

