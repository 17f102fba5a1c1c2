/**
 * A table of numbers with a row for each of a few things, whose colours are those of the charts.
 *
 * What: an HTML table with headings, so that a screen reader can walk it; `show` fills it. Why not
 * readouts.js: a list of names and values does not tell that the same is measured of several things.
 */
import { element } from "../drawing/canvas.js";

/**
 * @param {string} caption for a screen reader @param {string} corner heading of the first column
 * @param {{key: string, name: string}[]} columns @param {{name: string, series: string}[]} rows
 * @returns {{table: HTMLElement, show: (row: number, texts: Record<string, string>) => void}}
 */
export function numberTable(caption, corner, columns, rows) {
  const table = element("table", "aecore-table");
  const told = element("caption", "aecore-sr-only");
  told.textContent = caption;
  const head = element("tr", "");
  for (const text of [corner, ...columns.map(({ name }) => name)]) {
    const cell = element("th", "", { scope: "col" });
    cell.textContent = text;
    head.append(cell);
  }
  const top = element("thead", "");
  top.append(head);
  const body = element("tbody", "");
  const places = rows.map(({ name, series }, index) => {
    const line = element("tr", "");
    const title = element("th", "", { scope: "row" });
    const swatch = element("span", "aecore-swatch is-dot", { "aria-hidden": "true" });
    swatch.style.setProperty("--aecore-swatch", `var(--aecore-${series})`);
    title.append(swatch, name);
    line.append(title);
    body.append(line);
    return Object.fromEntries(
      columns.map(({ key }) => {
        const cell = element("td", "", { "data-number": `${key}${index}` });
        line.append(cell);
        return [key, cell];
      }),
    );
  });
  table.append(told, top, body);
  return {
    table,
    show(row, texts) {
      for (const [key, text] of Object.entries(texts)) places[row][key].textContent = text;
    },
  };
}
