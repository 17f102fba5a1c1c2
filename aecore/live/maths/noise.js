/**
 * Frozen noise: the same numbers for the same seed, in the page and in Python (noise.py).
 *
 * What: a counter put through the mixing function of Mulberry32 (Tommy Ettinger, 2017, public
 * domain) gives uniform numbers; two of them make one normal number by Box and Muller (1958). Why:
 * a picture that a reader drags must not flicker, so its noise is drawn once; and the static figure
 * must show what the page shows.
 */

/** The number `index` (from 1) of the stream `seed`: uniform in [0, 1). @param {number} seed @param {number} index */
function uniformAt(seed, index) {
  const state = (Math.imul(index, 0x6d2b79f5) + seed) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}

/** Uniform numbers in [0, 1). @param {number} seed an integer @param {number} count */
export function uniformNoise(seed, count) {
  return Float64Array.from({ length: count }, (_, i) => uniformAt(seed, i + 1));
}

/** Standard normal numbers. @param {number} seed an integer @param {number} count */
export function normalNoise(seed, count) {
  return Float64Array.from({ length: count }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(seed, 2 * i + 1)));
    return radius * Math.cos(2 * Math.PI * uniformAt(seed, 2 * i + 2));
  });
}
