/**
 * Images of which a part is given and the rest is made up by a decoder.
 *
 * What: splits an image by a mask, puts given and made-up pixels together again, makes the decoder's
 * inputs, and measures how far several completions lie apart. Why apart: Node can test it.
 */

/**
 * Values where the mask is `which` (1 or 0), row by row.
 * @param {ArrayLike<number>} image @param {ArrayLike<number>} mask @param {number} which
 */
export function partOf(image, mask, which) {
  return Float32Array.from(image).filter((_, i) => mask[i] === which);
}

/**
 * One image from the given pixels (mask 1) of `image` and the made-up ones (mask 0), which follow each other
 * in `hidden` from `at` on.
 * @param {ArrayLike<number>} image @param {ArrayLike<number>} hidden @param {number} at
 * @param {ArrayLike<number>} mask
 */
export function completed(image, hidden, at, mask) {
  let next = at;
  return Float32Array.from({ length: mask.length }, (_, i) => (mask[i] ? image[i] : hidden[next++]));
}

/**
 * The decoder's inputs [z, visible], one for each draw: z is the frozen noise times `spread`.
 * @param {ArrayLike<number>} noise [draws * latentDim] @param {number} spread
 * @param {ArrayLike<number>} visible @param {number} draws
 */
export function decoderInputs(noise, spread, visible, draws) {
  const latentDim = noise.length / draws;
  const width = latentDim + visible.length;
  const inputs = new Float32Array(draws * width);
  for (let k = 0; k < draws; k++) {
    for (let i = 0; i < latentDim; i++) inputs[k * width + i] = spread * noise[k * latentDim + i];
    inputs.set(visible, k * width + latentDim);
  }
  return inputs;
}

/**
 * Standard deviation of the draws at a hidden pixel, as the root of its mean square over the pixels.
 * @param {ArrayLike<number>} hidden [draws * pixels] @param {number} draws
 */
export function spreadOfDraws(hidden, draws) {
  const pixels = hidden.length / draws;
  let sum = 0;
  for (let p = 0; p < pixels; p++) {
    let [mean, square] = [0, 0];
    for (let k = 0; k < draws; k++) mean += hidden[k * pixels + p] / draws;
    for (let k = 0; k < draws; k++) square += (hidden[k * pixels + p] - mean) ** 2 / draws;
    sum += square / pixels;
  }
  return Math.sqrt(sum);
}

/**
 * The draw nearest to the truth: its number, from 0, and the root of its mean squared error.
 * @param {ArrayLike<number>} hidden [draws * pixels] @param {ArrayLike<number>} truth [pixels]
 */
export function nearestDraw(hidden, truth) {
  const pixels = truth.length;
  let best = { draw: 0, error: Infinity };
  for (let draw = 0; draw * pixels < hidden.length; draw++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += (hidden[draw * pixels + p] - truth[p]) ** 2;
    const error = Math.sqrt(sum / pixels);
    if (error < best.error) best = { draw, error };
  }
  return best;
}

/** Whether two views hold the same bytes. @param {DataView} one @param {DataView} other */
export function sameBytes(one, other) {
  if (one.byteLength !== other.byteLength) return false;
  for (let i = 0; i < one.byteLength; i++) if (one.getUint8(i) !== other.getUint8(i)) return false;
  return true;
}

/**
 * The edges between given and made-up pixels, as lines between corners: [x0, y0, x1, y1] in pixels.
 * @param {ArrayLike<number>} mask @param {number[]} shape height and width
 */
export function edgesOf(mask, [height, width]) {
  const edges = [];
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const here = mask[r * width + c];
      if (c + 1 < width && mask[r * width + c + 1] !== here) edges.push([c + 1, r, c + 1, r + 1]);
      if (r + 1 < height && mask[(r + 1) * width + c] !== here) edges.push([c, r + 1, c + 1, r + 1]);
    }
  }
  return edges;
}
