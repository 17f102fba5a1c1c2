/**
 * A field of arrows over a shaded density, and a particle's way through it.
 *
 * What: strokes on a canvas that shows a square of the plane. Why the square root: r(x) - x is a
 * hundred times longer far out than near the data; drawn by the root of its length, no arrow hides
 * its neighbours and none near the data becomes a speck.
 */
import { channels, frameOf } from "./canvas.js";
import { drawAxes } from "./pad.js";

const SHADES = 72;
/** The length of r(x) - x whose arrow fills a cell, as a share of the plane's half-width. */
const FULL = 0.5;

/**
 * A density as a wash of colour, its root at each of SHADES by SHADES places.
 * @param {(places: number[][]) => number[]} logDensities @param {(side: number) => number[][]} middles
 * @param {string} colour @param {number} strength of the wash at the peak, up to 1
 */
export function shading(logDensities, middles, colour, strength) {
  const layer = document.createElement("canvas");
  layer.width = layer.height = SHADES;
  const logs = logDensities(middles(SHADES));
  const peak = Math.max(...logs);
  const image = new ImageData(SHADES, SHADES);
  const [red, green, blue] = channels(colour);
  for (const [i, log] of logs.entries()) {
    image.data.set([red, green, blue, Math.round(255 * strength * Math.exp(0.5 * (log - peak)))], 4 * i);
  }
  layer.getContext("2d")?.putImageData(image, 0, 0);
  return layer;
}

/**
 * Axes, density and data in a new canvas of the same size.
 * @param {HTMLCanvasElement} canvas @param {number[]} region @param {import("./chart.js").ChartTheme} theme
 * @param {HTMLCanvasElement} wash @param {ArrayLike<number>} points two numbers each @param {string[]} names
 */
export function drawGround(canvas, region, theme, wash, points, names) {
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [canvas.width, canvas.height];
  drawAxes(layer, region, theme, names, canvas.clientWidth);
  const { context, unit, x, y } = frameOf(layer, region, canvas.clientWidth);
  context.imageSmoothingEnabled = true;
  context.drawImage(wash, 0, 0, layer.width, layer.height);
  context.fillStyle = theme.series.purple;
  context.globalAlpha = 0.5;
  for (let i = 0; i < points.length; i += 2) {
    context.beginPath();
    context.arc(x(points[i]), y(points[i + 1]), 1.6 * unit, 0, 2 * Math.PI);
    context.fill();
  }
  return layer;
}

/** Length of an arrow as drawn, in cells, for r(x) - x of this length. @param {number} length @param {number} extent */
export function arrowLength(length, extent) {
  return 0.92 * Math.min(1, Math.sqrt(length / (FULL * extent)));
}

/**
 * One arrow in each cell, its middle there.
 * @param {HTMLCanvasElement} canvas @param {number[]} region @param {number[][]} places @param {number[][]} moves
 * @param {string} colour @param {number} cssWidth
 */
export function drawArrows(canvas, region, places, moves, colour, cssWidth) {
  const { context, unit, x, y } = frameOf(canvas, region, cssWidth);
  const cell = canvas.width / Math.sqrt(places.length);
  context.globalAlpha = 0.85;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.3 * unit;
  context.lineCap = "round";
  for (const [i, place] of places.entries()) {
    const length = Math.hypot(moves[i][0], moves[i][1]);
    const reach = arrowLength(length, region[2]) * cell;
    const [ux, uy] = length > 0 ? [moves[i][0] / length, -moves[i][1] / length] : [0, 0];
    const [cx, cy] = [x(place[0]), y(place[1])];
    const head = Math.min(4.5 * unit, 0.5 * reach);
    const [tx, ty] = [cx + 0.5 * reach * ux, cy + 0.5 * reach * uy];
    context.beginPath();
    context.moveTo(cx - 0.5 * reach * ux, cy - 0.5 * reach * uy);
    context.lineTo(tx - 0.8 * head * ux, ty - 0.8 * head * uy);
    context.stroke();
    context.beginPath();
    context.moveTo(tx, ty);
    context.lineTo(tx - head * (ux + 0.55 * uy), ty - head * (uy - 0.55 * ux));
    context.lineTo(tx - head * (ux - 0.55 * uy), ty - head * (uy + 0.55 * ux));
    context.fill();
  }
  context.globalAlpha = 1;
}

/**
 * A line through places. @param {HTMLCanvasElement} canvas @param {number[]} region @param {number[][]} places
 * @param {{colour: string, width: number, opacity?: number, dash?: number[]}} style
 */
export function drawTrail(canvas, region, places, { colour, width, opacity = 1, dash = [] }) {
  const { context, unit, x, y } = frameOf(canvas, region);
  context.globalAlpha = opacity;
  context.strokeStyle = colour;
  context.lineWidth = width * unit;
  [context.lineJoin, context.lineCap] = ["round", "round"];
  context.setLineDash(dash.map((length) => length * unit));
  context.beginPath();
  for (const [px, py] of places) context.lineTo(x(px), y(py));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** Small discs. @param {HTMLCanvasElement} canvas @param {number[]} region @param {number[][]} places @param {string} colour @param {string} edge */
export function drawCrowd(canvas, region, places, colour, edge) {
  const { context, unit, x, y } = frameOf(canvas, region);
  [context.fillStyle, context.strokeStyle, context.lineWidth] = [colour, edge, unit];
  for (const at of places) {
    context.beginPath();
    context.arc(x(at[0]), y(at[1]), 3.5 * unit, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/**
 * A disc or, without `fill`, a ring. @param {HTMLCanvasElement} canvas @param {number[]} region @param {number[]} at
 * @param {{colour: string, radius: number, fill?: string}} style
 */
export function drawSpot(canvas, region, at, { colour, radius, fill = "" }) {
  const { context, unit, x, y } = frameOf(canvas, region);
  context.beginPath();
  context.arc(x(at[0]), y(at[1]), radius * unit, 0, 2 * Math.PI);
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.lineWidth = 2 * unit;
  context.strokeStyle = colour;
  context.stroke();
}
