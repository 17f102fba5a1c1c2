/**
 * Frozen noise on its way: the axis of eps at the foot, z = mu + sigma * eps above it on the same
 * scale, and f(z) = z^2 above that.
 *
 * What: every sample is joined to the noise that it comes from. Three of them also show the two
 * factors of the pathwise gradient, the slope of f and how far z moves with the parameter, and one
 * tells their numbers. Why one scale: with mu = 0 and sigma = 1 the lines stand upright, so mu is
 * seen as a lean, sigma as a fan.
 */
import { Chart } from "./chart.js";
import { roundUp } from "../maths/gradients.js";
import { shown } from "../maths/numbers.js";

/** What both charts over z can show at most. */
export const Z_RANGE = [-6.5, 6.5];
const Z_AXIS = 0.5;
const BELL = 0.15;
// The arrow of a sample that moves as fast as its parameter, in units of z.
const ARROW = 0.6;
const SLOPE_PIXELS = 17;

/** @typedef {{mean: number, std: number, samples: number, parameter: "mean" | "std"}} State */

/** Bells under both axes: of the noise, standing, and of z, hanging. @param {Chart} chart @param {State} state */
function drawBells(chart, { mean, std }) {
  const style = { colour: chart.theme.series.grey, opacity: 0.2 };
  const bell = (/** @type {number} */ e) => Math.exp(-0.5 * e * e);
  chart.area((e) => BELL * bell(e), style);
  chart.inside(() => {
    const { context } = chart;
    const depth = BELL * Math.min(1.6, 1 / std);
    context.fillStyle = style.colour;
    context.beginPath();
    for (let e = -4; e <= 4.01; e += 0.1) {
      context.lineTo(chart.px(mean + std * e), chart.py(Z_AXIS - depth * bell(e)));
    }
    context.fill();
  }, style.opacity);
}

/** A short piece of the tangent of f at z. @param {Chart} chart @param {number} z @param {(z: number) => number} height @param {number} rise */
function drawSlope(chart, z, height, rise) {
  const [across, up] = [chart.px(1) - chart.px(0), chart.py(0) - chart.py(1)];
  const reach = (SLOPE_PIXELS * chart.unit) / Math.hypot(across, rise * up);
  const ends = [-reach, reach].map((dz) => [z + dz, height(z) + rise * dz]);
  chart.segment(ends[0], ends[1], { colour: chart.theme.series.red, width: 2.5 });
}

/** @param {Chart} chart @param {number} z @param {number} length in units of z */
function drawArrow(chart, z, length) {
  const { context, unit } = chart;
  const [from, to, level] = [chart.px(z), chart.px(z + length), chart.py(Z_AXIS)];
  const head = Math.sign(to - from) * Math.min(6 * unit, Math.abs(to - from));
  chart.inside(() => {
    context.strokeStyle = context.fillStyle = chart.theme.series.red;
    context.lineWidth = 2.5 * unit;
    context.beginPath();
    context.moveTo(from, level);
    context.lineTo(to - head, level);
    context.stroke();
    context.beginPath();
    context.moveTo(to, level);
    context.lineTo(to - head, level - 4.5 * unit);
    context.lineTo(to - head, level + 4.5 * unit);
    context.fill();
  });
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("./chart.js").ChartTheme} theme
 * @param {Float64Array} cloud the frozen noise @param {number[]} marked which of it show slope and arrow, the
 *   first of them with its numbers
 * @param {State} state
 */
export function drawFlow(canvas, theme, cloud, marked, state) {
  const traced = marked[0];
  const { mean, std, parameter } = state;
  const { blue, grey, red } = theme.series;
  const places = Array.from(cloud, (eps) => mean + std * eps);
  const top = roundUp(1.15 * Math.max(4, ...places.map((z) => z * z)));
  const height = (/** @type {number} */ z) => Z_AXIS + ((1 - Z_AXIS) * z * z) / top;
  const chart = new Chart(canvas, theme, {
    x: { range: Z_RANGE, name: "both axes in the same unit", most: 14 },
    y: { range: [0, 1], ticks: false },
  });
  drawBells(chart, state);
  chart.segment([Z_RANGE[0], Z_AXIS], [Z_RANGE[1], Z_AXIS], { colour: theme.border });
  chart.curve(height, { colour: grey, width: 1.5 });
  for (const [i, z] of places.entries()) {
    const [opacity, width] = i === traced ? [1, 2.25] : [0.42, 1];
    chart.segment([cloud[i], 0], [z, Z_AXIS], { colour: blue, opacity, width });
    const stem = { colour: blue, opacity: 0.6 * opacity, width, dash: [2, 3] };
    chart.segment([z, Z_AXIS], [z, height(z)], stem);
  }
  const move = (/** @type {number} */ i) => (parameter === "mean" ? 1 : cloud[i]);
  for (const i of marked) {
    drawSlope(chart, places[i], height, (2 * places[i] * (1 - Z_AXIS)) / top);
    drawArrow(chart, places[i], ARROW * move(i));
  }
  for (const [i, z] of places.entries()) {
    const own = i === traced;
    const style = { radius: own ? 5 : 3.25, ring: own ? theme.text : theme.paper };
    chart.dot([cloud[i], 0], { ...style, colour: grey });
    if (z < Z_RANGE[0] || z > Z_RANGE[1]) continue;
    chart.dot([z, Z_AXIS], { ...style, colour: blue });
    chart.dot([z, height(z)], { ...style, colour: blue });
  }
  const z = places[traced];
  // Near the vertex both texts would meet.
  const clearance = (chart.py(Z_AXIS) - chart.py(height(z))) / chart.unit;
  chart.note(`f′(z) = 2z = ${shown(2 * z)}`, [z, height(z)], {
    colour: red,
    align: z > 0 ? "right" : "left",
    dx: 13,
    dy: -Math.max(9, 30 - clearance),
  });
  const rate = parameter === "mean" ? "dz/dμ = 1" : `dz/dσ = ε = ${shown(cloud[traced])}`;
  chart.note(rate, [z + ARROW * move(traced), Z_AXIS], { colour: red, dy: -11 });
  chart.note("f(z) = z²", [Z_RANGE[0], 1], { dy: 10 });
  chart.note("z = μ + σε", [Z_RANGE[0], Z_AXIS], { dy: 11 });
  chart.note("ε ~ N(0, 1), frozen", [Z_RANGE[0], 0], { dy: -11 });
}
