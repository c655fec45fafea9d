// ---- how well each setting learns

function showTrials({ measured, options, table, plot, rows }) {
  const section = find("#trials");
  const some = (test) => rows.some(test);
  const spread = some((row) => row.spread);
  const three = some((row) => row.trials > 1);
  const failed = some((row) => row.failed);
  const heads = [...options.map((key) => (Object.hasOwn(data.short, key) ? data.short[key] : key)), "trials", ...(failed ? ["failed"] : []),
    ...(spread ? ["mean ± spread"] : three ? ["mean"] : []), ...(three ? ["best", "median", "worst"] : ["learnt"])];
  const number = new Set(["trials", "failed", "mean", "mean ± spread"].map((word) => heads.lastIndexOf(word)));
  find("h2", section).textContent = options.length ? "Which setting is best?" : "How well is it learnt?";
  find(".note", section).append(`${measured}. `, element("a", { href: table, textContent: "As a table for spreadsheets" }));
  find("thead", section).append(element("tr", {}, ...heads.map((text, index) =>
    element("th", { scope: "col", textContent: text, title: options[index] ?? "", className: number.has(index) ? "number" : "" }))));
  find("tbody", section).append(...rows.map((row) => {
    const pictures = three ? [0, 1, 2] : [0];
    const numbers = [row.trials, ...(failed ? [row.failed || ""] : []),
      ...(spread ? [row.spread ? `${row.mean} ± ${row.spread}` : row.mean] : three ? [row.mean] : [])];
    return element("tr", { className: row.best ? "best" : "", title: row.best ? "The best mean" : "" },
      ...row.settings.map((value) => element("td", { textContent: value || "–", title: value })),
      ...numbers.map((value) => element("td", { className: "number", textContent: value })),
      ...pictures.map((index) => element("td", {}, ...(row.pictures[index] ? [trialOf(...row.pictures[index])] : ["–"]))));
  }));
  const link = find(".plot", section);
  link.hidden = !plot;
  link.classList.toggle("wide", options.length > 2); // it has several panels
  if (plot) {
    link.href = find("img", link).src = plot;
    find("img", link).alt = "The mean of every setting, with its spread, as a plot";
  }
  find(".table", section).classList.toggle("long", rows.length > 12);
  section.hidden = false;
}

// a picture in small, with its number; it leads to the picture in large
function trialOf(index, number) {
  const picture = pictures[index];
  const image = element("img", { alt: picture.label, src: picture.thumbnail, loading: "lazy", decoding: "async" });
  const link = element("a", { href: picture.address, title: picture.name }, image, element("span", { textContent: number }));
  image.style.setProperty("--aspect", picture.width / picture.height);
  link.onclick = () => { cameFrom = { picture, link }; };
  return link;
}

if (data.trials) showTrials(data.trials);
