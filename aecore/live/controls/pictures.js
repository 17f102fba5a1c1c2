/**
 * Example images as thumbnails to choose from.
 *
 * What: reads images that travelled as grey bytes, and makes a radio group whose faces are these
 * images. Why: every widget that begins with an example needs the same picker, in the page's ink.
 */
import { choices } from "./choices.js";
import { element, Sheet } from "../drawing/canvas.js";

/** Grey bytes as numbers in [0, 1]. @param {DataView} bytes */
export function greysOf(bytes) {
  return Float32Array.from(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), (v) => v / 255);
}

/**
 * @param {string} legend
 * @param {string[]} names what a screen reader tells of each image
 * @param {Float32Array} greys the images, one after another @param {number[]} shape height and width of one
 * @param {(index: number) => void} pick called with the reader's choice
 * @returns {{set: HTMLElement, faces: HTMLCanvasElement[], show: (index: number) => void,
 *   paint: (theme: import("../drawing/canvas.js").Theme) => void}}
 *   `paint` draws the faces if it has not in this theme, which must be another when their size has changed
 */
export function picturePicker(legend, names, greys, [height, width], pick) {
  const sheet = new Sheet(width, height);
  const faces = names.map(() => /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-face")));
  /** @type {import("../drawing/canvas.js").Theme | null} */
  let painted = null;
  const options = names.map((name, i) => ({ name, face: faces[i] }));
  return {
    ...choices(legend, options, pick),
    faces,
    paint(theme) {
      if (painted === theme) return;
      painted = theme;
      for (const [i, face] of faces.entries()) {
        sheet.paint(greys, i * width * height, theme);
        sheet.drawOn(face);
      }
    },
  };
}
