/**
 * The non-linear functions of a decoder, one number at a time.
 *
 * What: each activation that decoder.py may name, and the error function that the exact GELU needs.
 * Why a table: JavaScript has no erf, and its series is too slow for some hundred units in each of
 * a hundred images.
 */

// erf from a table of values and slopes, joined by cubics: error below 1e-11, and no exp() in the loop.
const ERF_END = 6;
const ERF_STEPS = 1536;
/** @type {Float64Array | null} */
let erfTable = null;

/** erf by its series, exact to double precision for 0 <= x <= 6. @param {number} x */
function erfSeries(x) {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The error function. @param {number} x @returns {number} */
export function erf(x) {
  if (erfTable === null) {
    erfTable = new Float64Array(2 * (ERF_STEPS + 2));
    for (let i = 0; i < ERF_STEPS + 2; i++) {
      const at = (i * ERF_END) / ERF_STEPS;
      erfTable[2 * i] = erfSeries(at);
      erfTable[2 * i + 1] = ((2 / Math.sqrt(Math.PI)) * Math.exp(-at * at) * ERF_END) / ERF_STEPS;
    }
  }
  const position = (Math.abs(x) * ERF_STEPS) / ERF_END;
  if (!(position < ERF_STEPS)) return Number.isNaN(x) ? NaN : Math.sign(x);
  const i = position | 0;
  const u = position - i;
  const [y0, m0, y1, m1] = [erfTable[2 * i], erfTable[2 * i + 1], erfTable[2 * i + 2], erfTable[2 * i + 3]];
  const rise = y1 - y0;
  const value = y0 + u * (m0 + u * (3 * rise - 2 * m0 - m1 + u * (m0 + m1 - 2 * rise)));
  return x < 0 ? -value : value;
}

/** @param {number} x */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** @type {Record<string, (x: number, slope: number) => number>} */
export const ACTIVATIONS = {
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
  tanh: Math.tanh,
  sigmoid,
  silu: (x) => x * sigmoid(x),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};
