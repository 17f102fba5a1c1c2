/**
 * A mixture of normals in the plane, before and after noise: density, score, best denoiser, flow.
 *
 * What: `noisedMixture` adds std^2 I to each covariance, which is the exact density of x + std * eps;
 * `mixtureAt` tells its logarithm (in nats), its gradient and the mean of x given x + std * eps at a
 * place; `followed` lets a particle go along r(x) - x. Why two formulas: score and denoised place come
 * from the components separately, so Tweedie's formula (Robbins, 1956), r(x) - x = std^2 score, is
 * something that the tests find and not something that was put in. Python's twin is
 * aecore.exact.GaussianMixture.
 */

/**
 * @typedef {{weights: number[], means: number[][], covariances: number[][][]}} PlaneMixture
 * @typedef {{logScale: number, mean: number[], precision: number[], gain: number[][]}} Component
 *   `precision` holds the inverse covariance's three numbers, `gain` is Sigma (Sigma + std^2 I)^-1
 * @typedef {{logDensity: number, score: number[], denoised: number[]}} Told
 * @typedef {(places: number[][]) => number[][]} Denoise
 */

/** The components with noise of this standard deviation added. @param {PlaneMixture} mixture @param {number} std @returns {Component[]} */
export function noisedMixture({ weights, means, covariances }, std) {
  return covariances.map(([[a, b], [, c]], k) => {
    const [p, q] = [a + std * std, c + std * std];
    const determinant = p * q - b * b;
    const precision = [q / determinant, -b / determinant, p / determinant];
    return {
      logScale: Math.log(weights[k]) - Math.log(2 * Math.PI) - 0.5 * Math.log(determinant),
      mean: means[k],
      precision,
      gain: [
        [a * precision[0] + b * precision[1], a * precision[1] + b * precision[2]],
        [b * precision[0] + c * precision[1], b * precision[1] + c * precision[2]],
      ],
    };
  });
}

/** log(weight * density) of one component. @param {Component} component @param {number} x @param {number} y */
function logJoint({ logScale, mean, precision }, x, y) {
  const [dx, dy] = [x - mean[0], y - mean[1]];
  return logScale - 0.5 * (precision[0] * dx * dx + 2 * precision[1] * dx * dy + precision[2] * dy * dy);
}

/** The log-density alone, for the many places of a shaded map. @param {Component[]} components @param {number[]} place */
export function logDensityAt(components, [x, y]) {
  let [most, sum] = [-Infinity, 0];
  for (const component of components) {
    const term = logJoint(component, x, y);
    sum = term > most ? sum * Math.exp(most - term) + 1 : sum + Math.exp(term - most);
    most = Math.max(most, term);
  }
  return most + Math.log(sum);
}

/** @param {Component[]} components @param {number[]} place @returns {Told} */
export function mixtureAt(components, [x, y]) {
  const terms = components.map((component) => logJoint(component, x, y));
  const most = Math.max(...terms);
  let sum = 0;
  const [score, denoised] = [
    [0, 0],
    [0, 0],
  ];
  for (const [k, { mean, precision, gain }] of components.entries()) {
    const share = Math.exp(terms[k] - most);
    const [dx, dy] = [x - mean[0], y - mean[1]];
    sum += share;
    score[0] -= share * (precision[0] * dx + precision[1] * dy);
    score[1] -= share * (precision[1] * dx + precision[2] * dy);
    denoised[0] += share * (mean[0] + gain[0][0] * dx + gain[0][1] * dy);
    denoised[1] += share * (mean[1] + gain[1][0] * dx + gain[1][1] * dy);
  }
  return {
    logDensity: most + Math.log(sum),
    score: score.map((value) => value / sum),
    denoised: denoised.map((value) => value / sum),
  };
}

/**
 * Where particles are that go the share `rate` of the way to where the denoiser would put them, again and again:
 * `steps` + 1 lists of places. Along the best denoiser no density falls for rates up to 2, because the curvature of
 * log p is nowhere below -1 / std^2.
 * @param {Denoise} denoise @param {number[][]} starts @param {number} rate @param {number} steps
 */
export function followed(denoise, starts, rate, steps) {
  const lists = [starts];
  for (let k = 0; k < steps; k++) {
    const goals = denoise(lists[k]);
    lists.push(lists[k].map(([x, y], i) => [x + rate * (goals[i][0] - x), y + rate * (goals[i][1] - y)]));
  }
  return lists;
}

/** Cosine of the angle between two arrows; NaN where one has no length. @param {number[]} a @param {number[]} b */
export function cosine(a, b) {
  return (a[0] * b[0] + a[1] * b[1]) / (Math.hypot(a[0], a[1]) * Math.hypot(b[0], b[1]));
}

/** Middles of the cells of a square, `side` of them along each side. @param {number[]} region @param {number} side */
export function cellMiddles([c1, c2, extent], side) {
  const at = (/** @type {number} */ k) => extent * ((2 * k + 1) / side - 1);
  return Array.from({ length: side * side }, (_, k) => [c1 + at(k % side), c2 - at(Math.floor(k / side))]);
}

/**
 * Cosine of two fields as wholes, each taken as one long vector, over the places where the density is at least `share`
 * of the highest found: so places where both fields are almost nothing do not count.
 * @param {number[]} logDensities @param {number[][]} first arrows @param {number[][]} second arrows
 * @param {number} share
 */
export function fieldCosine(logDensities, first, second, share) {
  const floor = Math.max(...logDensities) + Math.log(share);
  const kept = logDensities.flatMap((log, i) => (log >= floor ? [i] : []));
  const dot = (/** @type {number[][]} */ a, /** @type {number[][]} */ b) =>
    kept.reduce((sum, i) => sum + a[i][0] * b[i][0] + a[i][1] * b[i][1], 0);
  return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
}
