/**
 * How a picture shows which of its pixels are hidden or made up.
 *
 * What: slanting lines over the hidden pixels of a canvas, and a thin line where they begin. Why: an
 * empty part and an unknown one must not look alike.
 */

/**
 * Lines where the made-up part begins.
 * @param {HTMLCanvasElement} canvas @param {number[][]} edges @param {number[]} shape @param {string} colour
 */
export function drawEdges(canvas, edges, [height, width], colour) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const [sx, sy] = [canvas.width / width, canvas.height / height];
  context.strokeStyle = colour;
  context.lineWidth = canvas.width / canvas.clientWidth;
  context.beginPath();
  for (const [x0, y0, x1, y1] of edges) {
    context.moveTo(x0 * sx, y0 * sy);
    context.lineTo(x1 * sx, y1 * sy);
  }
  context.stroke();
}

/**
 * Slanting lines over the hidden pixels.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} mask @param {number[]} shape
 * @param {import("./canvas.js").Theme} theme
 */
export function hatch(canvas, mask, [height, width], theme) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const [sx, sy] = [canvas.width / width, canvas.height / height];
  context.save();
  context.beginPath();
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) context.rect((i % width) * sx, Math.floor(i / width) * sy, sx + 0.5, sy + 0.5);
  }
  context.clip();
  context.fillStyle = theme.line;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = theme.border;
  context.lineWidth = canvas.width / canvas.clientWidth;
  const gap = 9 * context.lineWidth;
  context.beginPath();
  for (let x = -canvas.height; x < canvas.width; x += gap) {
    context.moveTo(x, canvas.height);
    context.lineTo(x + canvas.height, 0);
  }
  context.stroke();
  context.restore();
}
