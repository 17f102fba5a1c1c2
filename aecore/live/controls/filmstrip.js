/**
 * A film strip: small pictures of what lies along a way, each a button that goes there.
 */
import { element } from "../drawing/canvas.js";

/**
 * @param {string} label for a screen reader
 * @param {{name: string, text: string}[]} stills `name` is what a screen reader tells, `text` stands below
 * @param {(index: number) => void} pick called with the reader's choice
 * @returns {{strip: HTMLElement, canvases: HTMLCanvasElement[], mark: (near: (index: number) => boolean) => void}}
 *   `mark` frames those that are near what is shown
 */
export function filmStrip(label, stills, pick) {
  const strip = element("div", "aecore-strip", { role: "group", "aria-label": label });
  strip.style.gridTemplateColumns = `repeat(${stills.length}, minmax(0, 1fr))`;
  const frames = stills.map(({ name, text }, index) => {
    const button = element("button", "aecore-frame", { type: "button", "aria-label": name });
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-still"));
    const moment = element("span", "aecore-moment");
    moment.textContent = text;
    button.append(canvas, moment);
    button.addEventListener("click", () => pick(index));
    strip.append(button);
    return { button, canvas };
  });
  return {
    strip,
    canvases: frames.map(({ canvas }) => canvas),
    mark(near) {
      for (const [index, { button }] of frames.entries()) button.classList.toggle("is-near", near(index));
    },
  };
}
