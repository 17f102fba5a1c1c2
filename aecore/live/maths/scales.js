/**
 * Where numbers fall on an axis, which of them to mark, and how many fall in each bin.
 *
 * What: the part of chart.js that needs no canvas. Why apart: Node can test it.
 */
import { shown } from "./numbers.js";

/**
 * @typedef {{range: number[], name?: string, log?: boolean, ticks?: number[] | false, texts?: string[],
 *   most?: number}} Axis
 *   `ticks`: places to mark, false for none, by default round ones, about `most` of them; `texts`: what to write there
 */

/** Round places between low and high, at most about `most`. @param {number} low @param {number} high @param {number} [most] */
export function axisTicks(low, high, most = 6) {
  const rough = (high - low) / Math.max(1, most - 1);
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const places = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) places.push(k * step);
  return places;
}

/** Powers of ten from low to high, every second or third where there are many. @param {number} low @param {number} high @param {number} [most] */
export function logTicks(low, high, most = 6) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const stride = Math.max(1, Math.ceil((last - first + 1) / most));
  const places = [];
  for (let k = first; k <= last; k += stride) places.push(10 ** k);
  return places;
}

/** Texts for ticks, with no more decimals than tell them apart. @param {number[]} places */
export function tickTexts(places) {
  const digits = [0, 1, 2, 3, 4, 5, 6].find((count) =>
    places.every((value) => Math.abs(Number(value.toFixed(count)) - value) <= 1e-9 * Math.max(1, Math.abs(value))),
  );
  return places.map((value) => shown(value, digits ?? 6));
}

/** From the axis's range to [from, to], straight or by the logarithm. @param {Axis} axis @param {number} from @param {number} to */
export function scaleOf({ range: [low, high], log = false }, from, to) {
  if (!log) return (/** @type {number} */ value) => from + ((value - low) / (high - low)) * (to - from);
  const span = Math.log(high / low);
  return (/** @type {number} */ value) => from + (Math.log(value / low) / span) * (to - from);
}

/**
 * Counts of values in equal bins over [low, high]; the last bin holds `high` itself, and what lies outside (NaN
 * too) is counted in `outside`.
 * @param {ArrayLike<number>} values @param {number} low @param {number} high @param {number} bins
 */
export function histogram(values, low, high, bins) {
  const counts = new Array(bins).fill(0);
  let outside = 0;
  for (let i = 0; i < values.length; i++) {
    const place = ((values[i] - low) / (high - low)) * bins;
    if (place >= 0 && place <= bins) counts[Math.min(bins - 1, Math.floor(place))] += 1;
    else outside += 1;
  }
  return { counts, outside };
}
