/**
 * Numbers beside a picture: a list of names and values, which a screen reader hears once they rest.
 *
 * What: a description list for the eye, and a hidden status that repeats what has changed. Why
 * not one by one: what moves one number mostly moves the others.
 */
import { whenStill } from "./view.js";
import { element } from "../drawing/canvas.js";

/**
 * @param {{key: string, name: string, series?: string}[]} entries `series`: a colour of chart.js, for a dot
 * @param {AbortSignal} signal
 * @returns {{list: HTMLElement, show: (values: Record<string, string>, spoken?: string) => void}}
 *   `show` takes each key's text; `spoken` is a sentence to tell instead of the list
 */
export function readouts(entries, signal) {
  const list = element("div", "aecore-readouts");
  const pairs = element("dl", "aecore-numbers");
  const status = element("div", "aecore-sr-only", { role: "status" });
  /** @type {Record<string, HTMLElement>} */
  const places = {};
  for (const { key, name, series } of entries) {
    const pair = element("div", "aecore-number");
    const term = element("dt", series ? "is-series" : "");
    if (series) term.style.setProperty("--aecore-swatch", `var(--aecore-${series})`);
    term.textContent = name;
    places[key] = element("dd", "", { "data-number": key });
    pair.append(term, places[key]);
    pairs.append(pair);
  }
  list.append(pairs, status);
  const tellLater = whenStill(signal);
  return {
    list,
    show(values, spoken) {
      for (const [key, text] of Object.entries(values)) {
        if (places[key].textContent !== text) places[key].textContent = text;
      }
      const told = spoken ?? entries.map(({ key, name }) => `${name} ${places[key].textContent}`).join(", ");
      tellLater(() => {
        if (status.textContent !== told) status.textContent = told;
      });
    },
  };
}
