/**
 * How far a network's output moves when its input does: exactly, and as the Jacobian predicts.
 *
 * What: `restricted` follows inputs x + sum_k c_k d_k, for a few fixed directions d_k, through a network
 * of linear layers and activations; `outputAt` gives the output, `pushedAt` its directional derivative
 * (forward mode, no differences), both in double precision. Why restricted: the first layer sees 784
 * pixels, but it is linear, so its images of x and of each direction are computed once; what remains is
 * small enough for a thousand points in a frame.
 */
import { ACTIVATIONS, erf } from "./activations.js";

/**
 * @typedef {import("./decoder.js").Step} Step
 * @typedef {{origin: Float64Array, directions: Float64Array[], steps: Step[]}} Restricted
 *   what the first layer makes of x and of each direction, and the layers after it
 */

/** @param {number} x */
const logistic = (x) => 1 / (1 + Math.exp(-x));

/** Derivative of each activation. @type {Record<string, (x: number, slope: number) => number>} */
export const DERIVATIVES = {
  relu: (x) => (x > 0 ? 1 : 0),
  leaky_relu: (x, slope) => (x > 0 ? 1 : slope),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
  sigmoid: (x) => logistic(x) * logistic(-x),
  silu: (x) => logistic(x) * (1 + x * logistic(-x)),
  gelu: (x) => 0.5 * (1 + erf(x * Math.SQRT1_2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
  gelu_tanh: (x) => {
    const scale = Math.sqrt(2 / Math.PI);
    const t = Math.tanh(scale * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x);
  },
};

/** W v, and c if given is added. @param {Step} step @param {ArrayLike<number>} v @param {ArrayLike<number>} [c] */
function product({ W, inputs, outputs }, v, c) {
  const result = new Float64Array(outputs);
  for (let o = 0, at = 0; o < outputs; o++) {
    let sum = c ? c[o] : 0;
    for (let i = 0; i < inputs; i++, at++) sum += W[at] * v[i];
    result[o] = sum;
  }
  return result;
}

/**
 * Throws where a layer is neither linear nor an activation, and for a network that does not begin with a linear one.
 * @param {{steps: Step[]}} network @param {ArrayLike<number>} origin @param {ArrayLike<number>[]} directions
 * @returns {Restricted}
 */
export function restricted({ steps }, origin, directions) {
  const [first, ...rest] = steps;
  const unknown = rest.find(({ layer }) => layer.type !== "linear" && !(layer.type in DERIVATIVES));
  if (first?.layer.type !== "linear" || unknown) throw new Error("sensitivity: only linear layers and activations");
  return {
    origin: product(first, origin, first.c),
    directions: directions.map((direction) => product(first, direction)),
    steps: rest,
  };
}

/** sum_k c_k v_k, to which a start is added if given. @param {Float64Array[]} vectors @param {ArrayLike<number>} c @param {Float64Array} [start] */
function combined(vectors, c, start) {
  const sum = start ? start.slice() : new Float64Array(vectors[0].length);
  for (const [k, vector] of vectors.entries()) {
    if (c[k] !== 0) for (let i = 0; i < sum.length; i++) sum[i] += c[k] * vector[i];
  }
  return sum;
}

/** The output at x + sum_k c_k d_k. @param {Restricted} network @param {ArrayLike<number>} c */
export function outputAt({ origin, directions, steps }, c) {
  let value = combined(directions, c, origin);
  for (const step of steps) {
    if (step.layer.type === "linear") value = product(step, value, step.c);
    else value = value.map((x) => ACTIVATIONS[step.layer.type](x, step.layer.slope));
  }
  return value;
}

/**
 * The derivative of the output at x + sum_k c_k d_k along sum_k a_k d_k: the Jacobian times that direction.
 * @param {Restricted} network @param {ArrayLike<number>} c @param {ArrayLike<number>} a
 */
export function pushedAt({ origin, directions, steps }, c, a) {
  let value = combined(directions, c, origin);
  let push = combined(directions, a);
  for (const step of steps) {
    if (step.layer.type === "linear") {
      value = product(step, value, step.c);
      push = product(step, push);
    } else {
      const { type, slope } = step.layer;
      push = push.map((v, i) => v * DERIVATIVES[type](value[i], slope));
      value = value.map((x) => ACTIVATIONS[type](x, slope));
    }
  }
  return push;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} [b] the origin, if not given */
export function distanceBetween(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - (b ? b[i] : 0)) ** 2;
  return Math.sqrt(sum);
}

/** Mean distance of all pairs; 1 where there is no pair or no distance. @param {ArrayLike<number>[]} outputs */
export function meanDistance(outputs) {
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < outputs.length; i++) {
    for (let j = 0; j < i; j++, pairs++) sum += distanceBetween(outputs[i], outputs[j]);
  }
  return sum > 0 ? sum / pairs : 1;
}

/** Scalar products of all pairs. @param {ArrayLike<number>[]} vectors @returns {number[][]} */
export function products(vectors) {
  return vectors.map((a) => vectors.map((b) => Array.from(a, (v, i) => v * b[i]).reduce((sum, v) => sum + v, 0)));
}

/** Length of sum_k c_k v_k, from the vectors' scalar products. @param {number[][]} gram @param {ArrayLike<number>} c */
export function lengthOf(gram, c) {
  let sum = 0;
  for (const [k, row] of gram.entries()) for (const [l, value] of row.entries()) sum += c[k] * c[l] * value;
  return Math.sqrt(Math.max(0, sum));
}
