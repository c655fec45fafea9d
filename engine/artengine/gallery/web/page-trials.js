// ---- how well each setting learns

// the columns of the table from left to right, each with its heading and the cell of a row; a new one goes here
function trialColumns(options, rows) {
  const some = (test) => rows.some(test);
  const several = some((row) => row.trials > 1);
  const number = (head, value) =>
    ({ head, className: "number", cell: (row) => element("td", { className: "number", textContent: value(row) }) });
  const picture = (head, index) =>
    ({ head, cell: (row) => element("td", {}, row.pictures[index] ? trialOf(...row.pictures[index]) : "–") });
  return [
    ...options.map((key, index) => ({
      head: Object.hasOwn(data.short, key) ? data.short[key] : key,
      title: key,
      cell: ({ settings }) => element("td", { textContent: settings[index] || "–", title: settings[index] }),
    })),
    number("trials", (row) => row.trials),
    some((row) => row.failed) && number("failed", (row) => row.failed || ""),
    some((row) => row.spread)
      ? number("mean ± spread", (row) => (row.spread ? `${row.mean} ± ${row.spread}` : row.mean))
      : several && number("mean", (row) => row.mean),
    ...(several ? ["best", "median", "worst"] : ["learnt"]).map(picture),
  ].filter(Boolean);
}

function showTrials({ measured, options, table, plot, rows }) {
  const section = find("#trials");
  const columns = trialColumns(options, rows);
  find("h2", section).textContent = options.length ? "Which setting is best?" : "How well is it learnt?";
  find(".note", section).append(`${measured}. `, element("a", { href: table, textContent: "As a table for spreadsheets" }));
  find("thead", section).append(element("tr", {}, ...columns.map(({ head, title, className }) =>
    element("th", { scope: "col", textContent: head, title: title ?? "", className: className ?? "" }))));
  find("tbody", section).append(...rows.map((row) =>
    element("tr", { className: row.best ? "best" : "", title: row.best ? "The best mean" : "" },
      ...columns.map((column) => column.cell(row)))));
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
