"use strict";
// Tables sort by the head that is clicked on; tables and galleries show only what is of a chosen class.
const number = text => parseFloat(text.replace("−", "-").replace(/,/g, ""));
const texts = new Intl.Collator("en", { numeric: true });

function sort(table, head, place) {
  const rows = [...table.tBodies[0].rows];
  const isNumber = head.classList.contains("n");
  const falls = head.getAttribute("aria-sort") === "ascending";
  const value = row => isNumber ? number(row.cells[place].textContent) : row.cells[place].textContent;
  const compare = (a, b) => isNumber ? a - b : texts.compare(a, b);
  const keyed = rows.map(row => ({ row, key: value(row) }));
  const missing = keyed.filter(each => Number.isNaN(each.key));
  const known = keyed.filter(each => !Number.isNaN(each.key));
  known.sort((a, b) => falls ? compare(b.key, a.key) : compare(a.key, b.key));
  table.tBodies[0].append(...[...known, ...missing].map(each => each.row));
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falls ? "descending" : "ascending");
}

function filter(before, items, names, value) {
  const selects = [];
  const bar = document.createElement("p");
  const shown = document.createElement("output");
  bar.className = "filter";
  const update = () => {
    let count = 0;
    for (const item of items) {
      item.hidden = selects.some((select, i) => select.value !== "" ? value(item, i) !== select.value : false);
      count += item.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${items.length} shown`;
  };
  names.forEach((name, i) => {
    const values = [...new Set(items.map(item => value(item, i)))].sort(texts.compare);
    const [label, select] = [document.createElement("label"), document.createElement("select")];
    select.append(new Option("all", ""), ...values.map(each => new Option(each, each)));
    select.addEventListener("change", update);
    label.append(`${name} `, select);
    selects.push(select);
    bar.append(label, " ");
  });
  bar.append(shown);
  update();
  before.before(bar);
}

for (const table of document.querySelectorAll("table[data-filter]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, place));
    head.append(button);
  });
  const places = table.dataset.filter.split(" ").filter(text => text !== "").map(Number);
  const rows = [...table.tBodies[0].rows];
  if (places.length > 0) filter(table.parentNode, rows, places.map(i => heads[i].textContent), (row, i) => row.cells[places[i]].textContent);
}

for (const gallery of document.querySelectorAll("div[data-filter]")) {
  const names = gallery.dataset.filter.split(" ");
  filter(gallery, [...gallery.querySelectorAll("li")], names, (item, i) => item.dataset[names[i]]);
  gallery.previousSibling.addEventListener("change", () => gallery.querySelectorAll("details").forEach(more => more.open = true));
}
