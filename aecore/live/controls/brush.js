/**
 * A pen and a rubber for small grey images.
 *
 * What: strokes change the pixels along a line, softly at its edge, and only where a mask allows it;
 * and a cursor goes from one such pixel to the next. Why apart: it is plain arithmetic, which Node can
 * test. Places are in pixels: the pixel in row r and column c has its middle at (c + 0.5, r + 0.5).
 */

/**
 * Distance of a place from the line between two others.
 * @param {number[]} place @param {number[]} from @param {number[]} to
 */
export function distanceToSegment([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length2 = dx * dx + dy * dy;
  const along = length2 ? ((x - x0) * dx + (y - y0) * dy) / length2 : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}

/**
 * Draw (`ink` 1) or rub out (`ink` 0) along a line, in place; returns `image`.
 * A pixel is covered fully within `radius` - 1/2 of the line, and not at all from `radius` + 1/2 on.
 * @param {Float32Array} image grey levels [height * width] @param {number[]} shape height and width
 * @param {ArrayLike<number>} mask which pixels may change: 1, or 0
 * @param {number[]} from @param {number[]} to @param {number} radius @param {number} ink
 */
export function strokeOn(image, [height, width], mask, from, to, radius, ink) {
  for (let i = 0; i < height * width; i++) {
    if (!mask[i]) continue;
    const middle = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    const cover = Math.min(1, Math.max(0, radius + 0.5 - distanceToSegment(middle, from, to)));
    if (cover > 0) image[i] = ink ? Math.max(image[i], cover) : Math.min(image[i], 1 - cover);
  }
  return image;
}

/**
 * The next pixel that may change, from one of them on along a row or a column; the same if there is none.
 * @param {ArrayLike<number>} mask @param {number[]} shape @param {number[]} at row and column
 * @param {number[]} direction rows and columns of one step
 */
export function nextPixel(mask, [height, width], [row, column], [down, right]) {
  let [r, c] = [row + down, column + right];
  while (r >= 0 && r < height && c >= 0 && c < width) {
    if (mask[r * width + c]) return [r, c];
    [r, c] = [r + down, c + right];
  }
  return [row, column];
}

/**
 * The pixel that may change nearest to the middle of all those.
 * @param {ArrayLike<number>} mask @param {number[]} shape
 */
export function middlePixel(mask, [height, width]) {
  const open = Array.from({ length: height * width }, (_, i) => i).filter((i) => mask[i]);
  const rows = open.map((i) => Math.floor(i / width));
  const columns = open.map((i) => i % width);
  const mean = (/** @type {number[]} */ of) => of.reduce((sum, v) => sum + v, 0) / of.length;
  const [r0, c0] = [mean(rows), mean(columns)];
  const away = open.map((_, k) => Math.hypot(rows[k] - r0, columns[k] - c0));
  const nearest = away.indexOf(Math.min(...away));
  return [rows[nearest], columns[nearest]];
}
