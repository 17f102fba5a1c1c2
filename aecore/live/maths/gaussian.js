/**
 * Normal distributions of one number, and the latent-variable model that is made of them.
 *
 * What: densities, Kullback-Leibler divergences, and for z ~ N(0, 1), x | z ~ N(weight z + bias,
 * noiseStd^2) everything that is known exactly: evidence, posterior, the pieces of the ELBO. Why:
 * each piece has its own formula, and none is got from another by subtraction; so that they add up
 * is seen, not assumed. Everything is in nats.
 */

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * @typedef {{weight: number, bias: number, noiseStd: number}} LatentModel
 * @typedef {{weights: number[], means: number[], stds: number[]}} Mixture
 */

/** log N(value; mean, std^2). @param {number} value @param {number} mean @param {number} std */
export function normalLogDensity(value, mean, std) {
  const away = (value - mean) / std;
  return -0.5 * (away * away + LOG_TWO_PI) - Math.log(std);
}

/** N(value; mean, std^2). @param {number} value @param {number} mean @param {number} std */
export function normalDensity(value, mean, std) {
  return Math.exp(normalLogDensity(value, mean, std));
}

/** Logarithm of the density of a mixture of normals. @param {number} value @param {Mixture} mixture */
export function mixtureLogDensity(value, { weights, means, stds }) {
  const terms = weights.map((w, i) => Math.log(w) + normalLogDensity(value, means[i], stds[i]));
  const most = Math.max(...terms);
  return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0));
}

/**
 * KL(N(mean1, std1^2) || N(mean2, std2^2)); for the standard normal as second,
 * 1/2 (mean1^2 + std1^2 - 1 - log std1^2).
 * @param {number} mean1 @param {number} std1 @param {number} mean2 @param {number} std2
 */
export function normalKl(mean1, std1, mean2, std2) {
  const [ratio, shift] = [std1 / std2, (mean1 - mean2) / std2];
  return 0.5 * (shift * shift + ratio * ratio - 1) - Math.log(ratio);
}

/** log p(x), with x ~ N(bias, weight^2 + noiseStd^2). @param {LatentModel} model @param {number} x */
export function logEvidence({ weight, bias, noiseStd }, x) {
  return normalLogDensity(x, bias, Math.hypot(weight, noiseStd));
}

/** p(z | x), a normal: its mean and standard deviation. @param {LatentModel} model @param {number} x */
export function exactPosterior({ weight, bias, noiseStd }, x) {
  const precision = 1 + (weight / noiseStd) ** 2;
  return {
    mean: (weight * (x - bias)) / (noiseStd * noiseStd * precision),
    std: 1 / Math.sqrt(precision),
  };
}

/**
 * E_q[log p(x | z)] for q = N(mean, std^2): E_q of the squared distance to x is that of the mean, plus
 * (weight std)^2.
 * @param {LatentModel} model @param {number} x @param {number} mean @param {number} std
 */
export function expectedLogLikelihood({ weight, bias, noiseStd }, x, mean, std) {
  const spread = (weight * std) / noiseStd;
  return normalLogDensity(x, weight * mean + bias, noiseStd) - 0.5 * spread * spread;
}

/**
 * The ELBO of q = N(mean, exp(logStd)^2), what it is made of, and what it lacks.
 * @param {LatentModel} model @param {number} x @param {number} mean @param {number} logStd
 */
export function elboPieces(model, x, mean, logStd) {
  const std = Math.exp(logStd);
  const posterior = exactPosterior(model, x);
  const reconstruction = expectedLogLikelihood(model, x, mean, std);
  const rate = normalKl(mean, std, 0, 1);
  return {
    evidence: logEvidence(model, x),
    elbo: reconstruction - rate,
    gap: normalKl(mean, std, posterior.mean, posterior.std),
    reconstruction,
    rate,
  };
}

/**
 * The next step of [mean, logStd] towards the largest ELBO: a small share of Newton's step along each; at the end
 * the exact posterior, then null.
 * @param {LatentModel} model @param {number} x @param {number[]} at
 */
export function stepUphill(model, x, at) {
  const { weight, bias, noiseStd } = model;
  const pull = weight / (noiseStd * noiseStd);
  const precision = 1 + weight * pull;
  const spread = precision * Math.exp(2 * at[1]);
  // Slope of the ELBO, over the size of its curvature (for logStd: a size that is never near zero).
  const moves = [(pull * (x - weight * at[0] - bias) - at[0]) / precision, (1 - spread) / (1 + spread)];
  const { mean, std } = exactPosterior(model, x);
  const close = moves.every((move) => Math.abs(move) < 1e-2);
  const place = close ? [mean, Math.log(std)] : at.map((value, i) => value + 0.08 * moves[i]);
  return place.every((value, i) => value === at[i]) ? null : place;
}
