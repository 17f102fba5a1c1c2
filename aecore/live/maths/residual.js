/**
 * What a denoiser does to an image, in numbers.
 *
 * What: an image with frozen noise of any size, the squared errors before and after, the residual
 * (r(x~) - x~) / sigma^2, and how well it points back to the clean image. Why apart from the view: these
 * are the claims of the widget, and they can be tried without a browser.
 */

/**
 * x~ = x + std * noise.
 * @param {ArrayLike<number>} image @param {number} std @param {ArrayLike<number>} noise @returns {Float32Array}
 */
export function noisedImage(image, std, noise) {
  return Float32Array.from(image, (value, i) => value + std * noise[i]);
}

/** The sum of squared differences. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function squaredDistance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/**
 * The cosine of the angle between a - origin and b - origin; NaN where one of them is zero.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {ArrayLike<number>} origin
 */
export function cosineFrom(a, b, origin) {
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [u, v] = [a[i] - origin[i], b[i] - origin[i]];
    both += u * v;
    first += u * u;
    second += v * v;
  }
  return first && second ? both / Math.sqrt(first * second) : NaN;
}

/**
 * (after - before) / std^2: the score of the noised density, if the denoiser is the best there is.
 * @param {ArrayLike<number>} before @param {ArrayLike<number>} after @param {number} std @returns {Float32Array}
 */
export function scoreEstimate(before, after, std) {
  return Float32Array.from(before, (value, i) => (after[i] - value) / std ** 2);
}

/**
 * Squared errors before and after denoising over a list of noise levels, all with the same noise.
 * @param {import("./decoder.js").Network} network the denoiser @param {ArrayLike<number>} image
 * @param {ArrayLike<number>} noise @param {number[]} stds @returns {{before: number, after: number}[]}
 */
export function errorCurve(network, image, noise, stds) {
  return stds.map((std) => {
    const spoilt = noisedImage(image, std, noise);
    return { before: squaredDistance(spoilt, image), after: squaredDistance(network.decode(spoilt), image) };
  });
}

/** Powers of ten around some positive numbers. @param {number[]} values @returns {number[]} */
export function decadesAround(values) {
  const positive = values.filter((value) => value > 0);
  if (!positive.length) return [0.1, 10];
  const low = 10 ** Math.floor(Math.log10(Math.min(...positive)) + 1e-9);
  return [low, Math.max(10 * low, 10 ** Math.ceil(Math.log10(Math.max(...positive)) - 1e-9))];
}

/** The powers of ten from `low` to `high`. @param {number} low @param {number} high @returns {number[]} */
export function decadesBetween(low, high) {
  const [first, last] = [low, high].map((end) => Math.round(Math.log10(end)));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(`1e${first + i}`));
}
