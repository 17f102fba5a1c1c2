/**
 * The map of a path: the plane through the origin and both ends, where a straight way is straight
 * and a way along the sphere is an arc.
 *
 * What: both paths, the chosen one drawn out, its ends and the point at t. Why: it shows what no
 * film strip can, that the straight way between two codes passes nearer to the origin than either.
 */
import { frameOf, pill } from "./canvas.js";
import { drawAxes, drawMarker, nameAxes } from "./pad.js";
import { interpolate, planeThrough } from "../maths/paths.js";

const SAMPLES = 48;

/** The square that holds all places, the origin too. @param {number[][]} places @returns {number[]} */
export function squareAround(places) {
  const all = [[0, 0], ...places];
  const bounds = [0, 1].map((axis) => {
    const values = all.map((place) => place[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const half = Math.max(...bounds.map(([low, high]) => (high - low) / 2), 1e-3);
  return [...bounds.map(([low, high]) => (low + high) / 2), 1.28 * half];
}

/**
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} start @param {ArrayLike<number>} end
 * @param {number} t @param {string} path @param {import("./canvas.js").Theme} theme
 * @param {{mark: string, colour: string}[]} ends how to mark start and end
 */
export function drawPath(canvas, start, end, t, path, theme, ends) {
  const project = planeThrough(start, end);
  /** @param {string} way */
  const trace = (way) =>
    Array.from({ length: SAMPLES + 1 }, (_, k) => project(interpolate(start, end, k / SAMPLES, way)));
  const traces = { linear: trace("linear"), spherical: trace("spherical") };
  const region = squareAround([...traces.linear, ...traces.spherical]);
  const names = start.length === 2 ? ["z₁", "z₂"] : ["along start", "across"];
  drawAxes(canvas, region, theme, names);
  nameAxes(canvas, theme, names);
  const { context, unit, x, y } = frameOf(canvas, region);
  for (const [way, places] of Object.entries(traces)) {
    const chosen = way === path;
    context.strokeStyle = chosen ? theme.accent : theme.muted;
    context.lineWidth = (chosen ? 2.5 : 1.25) * unit;
    context.setLineDash(chosen ? [] : [3 * unit, 4 * unit]);
    context.beginPath();
    for (const [px, py] of places) context.lineTo(x(px), y(py));
    context.stroke();
  }
  context.setLineDash([]);
  for (const [i, code] of [start, end].entries()) {
    const [px, py] = project(code);
    pill(context, [x(px), y(py)], ends[i].mark, ends[i].colour, theme, unit);
  }
  drawMarker(canvas, project(interpolate(start, end, t, path)), region, theme, null);
}
