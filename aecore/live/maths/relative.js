/**
 * The Kullback-Leibler divergence of a normal q from a target p and of p from q, and the way downhill.
 *
 * What: both integrands, their signed areas, the exact value where one is known, a Monte Carlo
 * estimate; and one step on the grid of the sliders towards a smaller divergence. Why a grid: the
 * descent ends where a reader can end it too.
 */
import { meanWithError, signedAreas } from "./estimates.js";
import { mixtureLogDensity, normalKl, normalLogDensity } from "./gaussian.js";

const REACH = 10;

/**
 * @typedef {import("./gaussian.js").Mixture} Mixture
 * @typedef {{q: (z: number) => number, p: (z: number) => number}} LogDensities
 */

/**
 * log q and log p as functions of z.
 * @param {number} mean @param {number} logStd @param {Mixture} target @returns {LogDensities}
 */
export function logDensities(mean, logStd, target) {
  const std = Math.exp(logStd);
  return {
    q: (z) => normalLogDensity(z, mean, std),
    p: (z) => mixtureLogDensity(z, target),
  };
}

/**
 * The integrand of KL(first || second) at z, from their logarithms there; 0 where `first` has died out.
 * @param {number} first @param {number} second
 */
export function klIntegrand(first, second) {
  const weight = Math.exp(first);
  return weight === 0 ? 0 : weight * (first - second);
}

/**
 * KL(q || p) with its areas above and below zero, by quadrature.
 * @param {number} mean @param {number} logStd @param {Mixture} target
 */
export function forwardAreas(mean, logStd, target) {
  const { q, p } = logDensities(mean, logStd, target);
  const far = REACH * Math.exp(logStd);
  return signedAreas((z) => klIntegrand(q(z), p(z)), mean - far, mean + far);
}

/**
 * KL(p || q) with its areas above and below zero, by quadrature.
 * @param {number} mean @param {number} logStd @param {Mixture} target
 */
export function reverseAreas(mean, logStd, target) {
  const { q, p } = logDensities(mean, logStd, target);
  const ends = target.means.flatMap((m, i) => [m - REACH * target.stds[i], m + REACH * target.stds[i]]);
  return signedAreas((z) => klIntegrand(p(z), q(z)), Math.min(...ends), Math.max(...ends));
}

/**
 * KL(q || p) and KL(p || q) in closed form, or null for a p that has none.
 * @param {number} mean @param {number} logStd @param {Mixture} target
 */
export function closedForms(mean, logStd, { means, stds }) {
  if (means.length > 1) return null;
  const std = Math.exp(logStd);
  return {
    forward: normalKl(mean, std, means[0], stds[0]),
    reverse: normalKl(means[0], stds[0], mean, std),
  };
}

/**
 * KL(q || p) as the mean of log q(z) - log p(z) over z = mean + std eps, with its standard error.
 * @param {number} mean @param {number} logStd @param {Mixture} target @param {ArrayLike<number>} noise eps
 */
export function sampledForward(mean, logStd, target, noise) {
  const { q, p } = logDensities(mean, logStd, target);
  const std = Math.exp(logStd);
  const ratio = (/** @type {number} */ eps) => q(mean + std * eps) - p(mean + std * eps);
  return meanWithError(Float64Array.from(noise, ratio));
}

/**
 * The best of the eight neighbours [mean, logStd] on the sliders' grid, or null when none is lower.
 * @param {string} direction "forward" or "reverse" @param {number[]} at @param {Mixture} target
 * @param {number} step @param {number[][]} bounds of mean and of logStd
 */
export function stepDownhill(direction, at, target, step, bounds) {
  const areas = direction === "forward" ? forwardAreas : reverseAreas;
  const cost = (/** @type {number[]} */ place) => areas(place[0], place[1], target).total;
  // From anywhere, onto the grid: rounding also keeps sums of steps from drifting.
  const onGrid = (/** @type {number} */ value, /** @type {number} */ axis) =>
    Math.min(bounds[axis][1], Math.max(bounds[axis][0], Math.round(value / step) / Math.round(1 / step)));
  let best = null;
  let lowest = cost(at);
  for (const across of [-step, 0, step]) {
    for (const along of [-step, 0, step]) {
      const place = [onGrid(at[0] + across, 0), onGrid(at[1] + along, 1)];
      const value = cost(place);
      if (value < lowest - 1e-12) [best, lowest] = [place, value];
    }
  }
  return best;
}
