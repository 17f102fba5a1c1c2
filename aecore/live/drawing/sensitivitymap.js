/**
 * A map of how far a code moves over a plane of inputs, and where the reader is on it.
 *
 * What: a wash that grows with the movement, its level lines, the line through the reader's place, and
 * dashed the ellipse on which the Jacobian predicts the same movement. Why both: near the middle they
 * coincide, for that is what a derivative means; where they part, the encoder bends.
 */
import { channels, frameOf } from "./canvas.js";
import { drawAxes, drawMarker, nameAxes } from "./pad.js";
import { joined, levelPieces } from "../maths/contours.js";

/** @typedef {{side: number, most: number, spacing: number, values: number[], linear: number[]}} SensitivityMap */

/** A wash of colour from nothing at 0 to `strength` at `most`. @param {SensitivityMap} map @param {string} colour @param {number} strength */
function wash({ side, most, values }, colour, strength) {
  const layer = document.createElement("canvas");
  layer.width = layer.height = side;
  const image = new ImageData(side, side);
  const ink = channels(colour);
  for (const [i, value] of values.entries()) {
    image.data.set([...ink, Math.round(255 * strength * Math.min(1, value / most))], 4 * i);
  }
  layer.getContext("2d")?.putImageData(image, 0, 0);
  return layer;
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} extent @param {import("./chart.js").ChartTheme} theme
 * @param {SensitivityMap} map its first and last values lie on the edges of the canvas
 * @param {number[]} at @param {string} colour @param {string[]} names of the axes
 */
export function drawSensitivity(canvas, extent, theme, map, at, colour, names) {
  const region = [0, 0, extent];
  drawAxes(canvas, region, theme, names, canvas.clientWidth);
  const { context, unit, x, y } = frameOf(canvas, region);
  const node = canvas.width / (map.side - 1);
  context.imageSmoothingEnabled = true;
  const half = node / 2;
  context.drawImage(wash(map, colour, 0.5), -half, -half, canvas.width + node, canvas.height + node);
  /** @param {number[]} values @param {number} level @param {number} width @param {number[]} dash @param {string} ink */
  const lines = (values, level, width, dash, ink) => {
    context.strokeStyle = ink;
    context.lineWidth = width * unit;
    context.setLineDash(dash.map((length) => length * unit));
    context.beginPath();
    for (const line of joined(levelPieces(values, map.side, level))) {
      context.moveTo(line[0][0] * node, line[0][1] * node);
      for (const [column, row] of line) context.lineTo(column * node, row * node);
    }
    context.stroke();
    context.setLineDash([]);
  };
  for (let level = map.spacing; level < map.most; level += map.spacing) lines(map.values, level, 1, [], colour);
  // At the reader's place the value is between those of the map's nodes: read it off as the lines do.
  const [column, row] = [x(at[0]) / node, y(at[1]) / node];
  const level = between(map.values, map.side, column, row);
  if (level > 0.02 * map.spacing) {
    lines(map.values, level, 2.75, [], colour);
    lines(map.linear, level, 1.75, [4, 4], theme.text);
  }
  nameAxes(canvas, theme, names, canvas.clientWidth);
  drawMarker(canvas, at, region, theme, null);
}

/** Value at a place of the grid, straight between its four neighbours. @param {number[]} values @param {number} side @param {number} column @param {number} row */
export function between(values, side, column, row) {
  const [left, top] = [column, row].map((at) => Math.max(0, Math.min(side - 2, Math.floor(at))));
  const [u, v] = [column - left, row - top];
  const at = (/** @type {number} */ i, /** @type {number} */ j) => values[(top + j) * side + left + i];
  return (1 - v) * ((1 - u) * at(0, 0) + u * at(1, 0)) + v * ((1 - u) * at(0, 1) + u * at(1, 1));
}
