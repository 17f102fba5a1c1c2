/**
 * Numbers as a reader meets them.
 *
 * What: a number as text, to so many decimals or figures. Why apart: charts, read-outs and what a
 * screen reader tells must write the same number alike.
 */

/** A coordinate as text, with a true minus sign. @param {number} value @param {number} [digits] */
export function shown(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "−");
}

/** A positive number to three figures. @param {number} value */
export function threeFigures(value) {
  return value < 1000 ? value.toPrecision(3) : String(Math.round(value));
}
