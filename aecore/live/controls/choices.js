/**
 * One of several, by radio buttons that look like what they choose.
 *
 * What: a fieldset of native radio inputs, each with a picture or a word as its face. Why native:
 * arrow keys, focus, touch and the names that a screen reader tells come with them.
 */
import { element } from "../drawing/canvas.js";

let groups = 0;

/**
 * @param {string} legend
 * @param {{name: string, face: HTMLElement}[]} options `name` is what a screen reader tells
 * @param {(index: number) => void} pick called with the reader's choice
 * @returns {{set: HTMLElement, show: (index: number) => void}} the fieldset, and how to mark a choice
 */
export function choices(legend, options, pick) {
  const set = element("fieldset", "aecore-choices");
  const heading = element("legend", "aecore-caption");
  heading.textContent = legend;
  const row = element("div", "aecore-choice-row");
  set.append(heading, row);
  const group = `aecore-choice-${groups++}-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(({ name, face }, index) => {
    const label = element("label", "aecore-choice", { title: name });
    const input = /** @type {HTMLInputElement} */ (
      element("input", "aecore-sr-only", { type: "radio", name: group, "aria-label": name })
    );
    input.addEventListener("change", () => pick(index));
    label.append(input, face);
    row.append(label);
    return input;
  });
  return {
    set,
    show(index) {
      inputs[index].checked = true;
    },
  };
}

/** A word as a face. @param {string} text */
export function wordFace(text) {
  const face = element("span", "aecore-word");
  face.textContent = text;
  return face;
}
