/**
 * Images whose values have a sign: features, tangents, residuals.
 *
 * What: 256 colours from blue (negative) through the page's paper (exactly zero) to orange, and the
 * painting of values with them. Why: a grey image cannot tell what adds ink from what takes it away;
 * blue and orange stay apart for readers who see few colours, in light and in dark.
 */
import { channels, readTheme } from "./canvas.js";

const ZERO = 128;

/** @typedef {import("./canvas.js").Theme & {signed: Uint32Array}} SignedTheme */

/**
 * 256 colours as RGBA words, from three colours "#rrggbb".
 * @param {string} below @param {string} paper @param {string} above
 */
export function signedShades(below, paper, above) {
  const [cold, blank, warm] = [below, paper, above].map(channels);
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const share = Math.max(-1, (level - ZERO) / 127);
    const towards = share < 0 ? cold : warm;
    const [r, g, b] = blank.map((from, i) => Math.round(from + (towards[i] - from) * Math.abs(share)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/** The colours in force where `root` stands. @param {Element} root @returns {Uint32Array} */
export function readSigned(root) {
  const style = getComputedStyle(root);
  const [below, above] = ["blue", "orange"].map((name) => style.getPropertyValue(`--aecore-${name}`).trim());
  return signedShades(below, readTheme(root).paper, above);
}

/**
 * The largest size of any of the values.
 * @param {ArrayLike<number>} values @param {number} [from] @param {number} [count]
 */
export function largestSize(values, from = 0, count = values.length - from) {
  let most = 0;
  for (let i = from; i < from + count; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/**
 * Paint one signed image of a sheet; `most` and beyond have the full colour, `most` = 0 leaves paper.
 * @param {import("./canvas.js").Sheet} sheet @param {ArrayLike<number>} values @param {number} from
 * @param {number} most @param {Uint32Array} shades @param {number} [column] @param {number} [row]
 */
export function paintSigned(sheet, values, from, most, shades, column = 0, row = 0) {
  const { words } = sheet;
  for (let i = 0; i < words.length; i++) {
    const share = most > 0 ? values[from + i] / most : 0;
    words[i] = shades[ZERO + Math.round(127 * Math.max(-1, Math.min(1, share || 0)))];
  }
  sheet.context.putImageData(sheet.tile, column * sheet.size[0], row * sheet.size[1]);
}
