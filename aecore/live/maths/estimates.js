/**
 * Numbers for integrals: by the trapezoidal rule, and as a mean over samples.
 *
 * What: an integral on an even grid, its part above and its part below zero; a mean with its standard
 * error. Why the plainest rule: for a smooth integrand that dies out at both ends it is exact to many
 * digits.
 */

/**
 * Integral of f from low to high, split into the area above zero and the (negative) area below it.
 * @param {(at: number) => number} f @param {number} low @param {number} high @param {number} [steps]
 * @returns {{total: number, above: number, below: number}}
 */
export function signedAreas(f, low, high, steps = 2000) {
  const width = (high - low) / steps;
  let [above, below] = [0, 0];
  for (let i = 0; i <= steps; i++) {
    const value = f(low + i * width) * (i === 0 || i === steps ? 0.5 : 1);
    if (value > 0) above += value;
    else below += value;
  }
  return { total: width * (above + below), above: width * above, below: width * below };
}

/**
 * Mean of some values, and its standard error: their standard deviation (divisor n - 1) over sqrt(n).
 * @param {ArrayLike<number>} values
 */
export function meanWithError(values) {
  const count = values.length;
  let [mean, scatter] = [0, 0];
  for (let i = 0; i < count; i++) {
    const before = values[i] - mean;
    mean += before / (i + 1);
    scatter += before * (values[i] - mean);
  }
  return { mean, error: Math.sqrt(scatter / (count - 1) / count) };
}
