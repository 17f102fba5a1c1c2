/**
 * Two estimators of the gradient of E[z^2] for z ~ N(mean, std^2), from frozen noise.
 *
 * What: with z = mean + std * eps, the pathwise estimator follows the sample, f'(z) dz; the score-
 * function estimator weighs f(z) with the derivative of log q. Both for either parameter, "mean" or
 * "std", with the exact gradient and the exact standard deviation of one sample. Why exact too: the
 * spread of a thousand estimates is itself an estimate. Python's twin is reparameterisation.py.
 */

/**
 * @typedef {"mean" | "std"} Parameter
 * @typedef {(eps: number, mean: number, std: number, parameter: Parameter) => number} Contribution
 */

/** f'(z) times dz, which is 1 for the mean and eps for the standard deviation. @type {Contribution} */
export function pathwise(eps, mean, std, parameter) {
  return 2 * (mean + std * eps) * (parameter === "mean" ? 1 : eps);
}

/** f(z) times the derivative of log q(z), eps / std or (eps^2 - 1) / std. @type {Contribution} */
export function scoreFunction(eps, mean, std, parameter) {
  return ((mean + std * eps) ** 2 * (parameter === "mean" ? eps : eps * eps - 1)) / std;
}

/** d E[z^2], where E[z^2] = mean^2 + std^2. @param {number} mean @param {number} std @param {Parameter} parameter */
export function exactGradient(mean, std, parameter) {
  return 2 * (parameter === "mean" ? mean : std);
}

/**
 * Standard deviation of one sample of each estimator, from the moments of eps: 1, 3, 15, 105 for the
 * powers 2, 4, 6, 8.
 * @param {number} mean @param {number} std @param {Parameter} parameter
 */
export function exactSpreads(mean, std, parameter) {
  const [m, s] = [mean * mean, std * std];
  const variances =
    parameter === "mean"
      ? { pathwise: 4 * s, score: (m * m) / s + 14 * m + 15 * s }
      : { pathwise: 4 * m + 8 * s, score: (2 * m * m) / s + 60 * m + 74 * s };
  return { pathwise: Math.sqrt(variances.pathwise), score: Math.sqrt(variances.score) };
}

/**
 * Estimates, each the mean of `samples` contributions. Of each row of `width` numbers of the noise the first ones
 * are used, so the same noise stays in use when `samples` grows.
 * @param {Contribution} contribution @param {ArrayLike<number>} noise rows after one another @param {number} width
 * @param {number} samples @param {number} mean @param {number} std @param {Parameter} parameter
 */
export function averages(contribution, noise, width, samples, mean, std, parameter) {
  const found = new Float64Array(noise.length / width);
  for (let row = 0; row < found.length; row++) {
    let sum = 0;
    for (let k = 0; k < samples; k++) sum += contribution(noise[row * width + k], mean, std, parameter);
    found[row] = sum / samples;
  }
  return found;
}

/** Mean and standard deviation, with divisor N - 1. @param {ArrayLike<number>} values */
export function meanAndSpread(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, spread: Math.sqrt(squares / (values.length - 1)) };
}

/** The smallest round number that is not below `value` (> 0): 1, 1.5, 2, 3, 4, 5, 7 times a power of ten. @param {number} value */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.5, 2, 3, 4, 5, 7].find((candidate) => candidate * power >= value * (1 - 1e-9));
  return (factor ?? 10) * power;
}

/** Which of the noises lies nearest to `value`. @param {ArrayLike<number>} noise @param {number} value */
export function nearest(noise, value) {
  let best = 0;
  for (let i = 1; i < noise.length; i++) {
    if (Math.abs(noise[i] - value) < Math.abs(noise[best] - value)) best = i;
  }
  return best;
}
