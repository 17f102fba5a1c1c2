/**
 * ReparameterisationExplorer's view: frozen noise on its way to z and to f(z) = z^2, what each
 * sample reports of the gradient, and how a thousand estimates are spread.
 *
 * What: the model's traits mean, log_std, samples and parameter are the whole state; sliders outside
 * are linked to the first three. Why three charts: the first shows that noise never moves and that mu
 * and sigma drag z along; the second, why the score function's reports differ so much from sample to
 * sample; the third, on the same upright axis, the spread that comes of it.
 */
import { choices, wordFace } from "../controls/choices.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView } from "../controls/view.js";
import { element } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme } from "../drawing/chart.js";
import { drawFlow, Z_RANGE } from "../drawing/noiseflow.js";
import { keepDrawn } from "../drawing/redraw.js";
import {
  averages,
  exactGradient,
  exactSpreads,
  meanAndSpread,
  nearest,
  pathwise,
  roundUp,
  scoreFunction,
} from "../maths/gradients.js";
import { normalNoise } from "../maths/noise.js";
import { shown } from "../maths/numbers.js";
import { histogram } from "../maths/scales.js";

const PARAMETERS = /** @type {const} */ (["mean", "std"]);
const NAMES = { mean: "mean μ", std: "standard deviation σ" };
const SYMBOLS = { mean: "μ", std: "σ" };
const BINS = 71;
const ROW = 32;
// The sample that tells its numbers, and two more that show how they move: where their noise is about.
const SHOWN_NEAR = [1.6, 0, -1.2];
/** @type {import("../drawing/chart.js").Entry[]} */
const ESTIMATORS = [
  { text: "pathwise", series: "blue", kind: "area" },
  { text: "score function", series: "orange", kind: "area" },
  { text: "exact", series: "grey", kind: "dash" },
];

/**
 * @typedef {import("../drawing/noiseflow.js").State} State
 * @typedef {import("../drawing/chart.js").ChartTheme} ChartTheme
 */

/** The parts of the view. @param {HTMLElement} root @param {AbortSignal} signal */
function frameWork(root, signal) {
  const flow = chartPanel(
    "Frozen noise, dragged by μ and σ",
    "Frozen noise ε on one axis, joined by lines to z = μ + σε on another, and f(z) = z² above it",
    2.5,
    [
      { text: "ε", series: "grey", kind: "dot" },
      { text: "z and f(z)", series: "blue", kind: "dot" },
      { text: "slope of f, and how z moves, for three samples", series: "red" },
      { text: "density", series: "grey", kind: "area" },
    ],
  );
  flow.canvas.classList.add("aecore-flow");
  const reports = chartPanel(
    "What each sample reports",
    "What a sample at z reports of the gradient, by the pathwise and by the score-function estimator",
    1.25,
    ESTIMATORS,
  );
  const spread = chartPanel(
    "A thousand estimates",
    "Histograms of a thousand estimates of the gradient, pathwise and by the score function",
    1.25,
    ESTIMATORS,
  );
  const pair = element("div", "aecore-panels is-two");
  pair.append(reports.figure, spread.figure);
  const trace = element("div", "aecore-readout aecore-trace");
  const numbers = readouts(
    [
      { key: "exact", name: "Exact gradient" },
      { key: "pathwise", name: "Pathwise ± std", series: "blue" },
      { key: "score", name: "Score function ± std", series: "orange" },
      { key: "ratio", name: "Ratio of variances" },
    ],
    signal,
  );
  const tools = element("div", "aecore-tools aecore-flow-tools");
  root.append(tools, flow.figure, trace, pair, numbers.list);
  return { flow: flow.canvas, reports: reports.canvas, spread: spread.canvas, trace, numbers, tools };
}

/** @param {HTMLCanvasElement} canvas @param {ChartTheme} theme @param {Float64Array} cloud @param {number} traced @param {State} state @param {number[]} upright range */
function drawReports(canvas, theme, cloud, traced, { mean, std, parameter }, upright) {
  const reach = Math.min(Z_RANGE[1], roundUp(Math.max(3, Math.abs(mean) + 2.6 * std)));
  const chart = new Chart(canvas, theme, {
    x: { range: [-reach, reach], name: "z" },
    y: { range: upright, name: `one sample's report of d/d${SYMBOLS[parameter]} E[z²]`, most: 7 },
  });
  const both = /** @type {const} */ ([
    [scoreFunction, theme.series.orange],
    [pathwise, theme.series.blue],
  ]);
  for (const [report, colour] of both) {
    const of = (/** @type {number} */ z) => report((z - mean) / std, mean, std, parameter);
    chart.curve(of, { colour, width: 1.25, opacity: 0.5 });
    const near = Array.from({ length: 101 }, (_, k) => mean + std * (-2.5 + k / 20));
    chart.curve(
      near.map((z) => [z, of(z)]),
      { colour, width: 2.5 },
    );
  }
  exactLine(chart, exactGradient(mean, std, parameter), theme);
  for (const [report, colour] of both) {
    chart.inside(() => {
      for (const [i, eps] of cloud.entries()) {
        const at = [mean + std * eps, report(eps, mean, std, parameter)];
        const ring = i === traced ? theme.text : theme.paper;
        chart.dot(at, { colour, radius: i === traced ? 5 : 3.5, ring });
      }
    });
  }
}

/** @param {Chart} chart @param {number} exact @param {ChartTheme} theme */
function exactLine(chart, exact, theme) {
  chart.horizontal(exact, { colour: theme.series.grey, width: 1.5, dash: [5, 4] });
}

/**
 * Two histograms back to back, the values upright and the counts on a logarithmic scale, on which a few far
 * estimates stay in sight; beside each a bracket, its mean and one standard deviation to either side.
 * @param {HTMLCanvasElement} canvas @param {ChartTheme} theme @param {Float64Array[]} estimates pathwise, score
 * @param {number} exact @param {State} state @param {number[]} upright range
 */
function drawSpread(canvas, theme, estimates, exact, { samples, parameter }, upright) {
  const [bottom, top] = upright;
  const many = samples === 1 ? "1 sample" : `${samples} samples`;
  const reach = (/** @type {number} */ count) => Math.log10(1 + count);
  const edge = reach(2 * estimates[0].length);
  const marks = [-100, -10, -1, 0, 1, 10, 100];
  const chart = new Chart(canvas, theme, {
    x: {
      range: [-edge, edge],
      ticks: marks.map((count) => Math.sign(count) * reach(Math.abs(count))),
      texts: marks.map((count) => String(Math.abs(count))),
      name: "number of estimates (logarithmic)",
    },
    y: { range: upright, name: `estimate of d/d${SYMBOLS[parameter]} E[z²] from ${many}`, most: 7 },
  });
  const colours = [theme.series.blue, theme.series.orange];
  let outside = 0;
  for (const [side, values] of estimates.entries()) {
    const [sign, colour] = [side ? 1 : -1, colours[side]];
    const found = histogram(values, bottom, top, BINS);
    const outline = [];
    outside += found.outside;
    for (const [bin, count] of found.counts.entries()) {
      const [low, high] = [bin, bin + 1].map((at) => bottom + ((top - bottom) * at) / BINS);
      const length = sign * reach(count);
      const corners = [Math.min(0, length), Math.max(0, length)];
      if (count) chart.box([corners[0], low], [corners[1], high], { colour, opacity: 0.4 });
      outline.push([length, low], [length, high]);
    }
    chart.curve(outline, { colour, width: 1.25 });
    const { mean, spread } = meanAndSpread(values);
    bracket(chart, sign * 0.93 * edge, mean, spread, colour);
  }
  exactLine(chart, exact, theme);
  const aside = /** @type {const} */ ({ align: "right", dx: 8, dy: 8, colour: theme.muted });
  if (outside) chart.note(`${outside} beyond the axis`, [0, top], aside);
}

/** @param {Chart} chart @param {number} x @param {number} mean @param {number} spread @param {string} colour */
function bracket(chart, x, mean, spread, colour) {
  const [low, high] = [mean - spread, mean + spread];
  const cap = (chart.axes.x.range[1] - chart.axes.x.range[0]) / 60;
  chart.segment([x, low], [x, high], { colour, width: 2.5 });
  for (const end of [low, high]) chart.segment([x - cap, end], [x + cap, end], { colour, width: 2.5 });
  chart.dot([x, mean], { colour, radius: 4, ring: chart.theme.paper });
}

/** What the traced sample does, in one line. @param {number} eps @param {State} state */
function story(eps, { mean, std, parameter }) {
  const z = mean + std * eps;
  const [path, score] = [pathwise, scoreFunction].map((f) => shown(f(eps, mean, std, parameter)));
  const along = parameter === "mean" ? "2z" : "2z · ε";
  const weight = parameter === "mean" ? "z² · ε/σ" : "z² · (ε² − 1)/σ";
  return (
    `Ringed sample: ε = ${shown(eps)} becomes z = ${shown(z)}, with σ = ${shown(std)}. ` +
    `Pathwise it reports ${along} = ${path}, by the score function ${weight} = ${score}.`
  );
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const { flow, reports, spread, trace, numbers, tools } = frameWork(root, signal);
  const pick = choices(
    "Gradient with respect to",
    PARAMETERS.map((name) => ({ name: NAMES[name], face: wordFace(SYMBOLS[name]) })),
    (index) => assign(model, { parameter: PARAMETERS[index] }),
  );
  tools.append(pick.set);
  const noise = normalNoise(model.get("seed"), ROW * model.get("estimates"));
  const cloud = normalNoise(model.get("seed"), model.get("points"));
  const marked = SHOWN_NEAR.map((value) => nearest(cloud, value));
  const traced = marked[0];
  let theme = chartTheme(root);

  function draw() {
    if (!flow.width) return;
    const [mean, samples, parameter] = ["mean", "samples", "parameter"].map((name) => model.get(name));
    const state = { mean, std: Math.exp(model.get("log_std")), samples, parameter };
    const { std } = state;
    const exact = exactGradient(mean, std, parameter);
    const single = exactSpreads(mean, std, parameter);
    // What is reported of sigma lies mostly above 0, f being a square.
    const top = roundUp(Math.abs(exact) + 2.6 * single.score);
    const upright = [(parameter === "mean" ? -1 : -0.4) * top, top];
    const found = [pathwise, scoreFunction].map((f) => averages(f, noise, ROW, samples, mean, std, parameter));
    drawFlow(flow, theme, cloud, marked, state);
    drawReports(reports, theme, cloud, traced, state, upright);
    drawSpread(spread, theme, found, exact, state, upright);
    pick.show(PARAMETERS.indexOf(parameter));
    trace.textContent = story(cloud[traced], state);
    const [path, score] = found.map((values) => meanAndSpread(values));
    const ratio = (single.score / single.pathwise) ** 2;
    numbers.show({
      exact: `2${SYMBOLS[/** @type {"mean" | "std"} */ (parameter)]} = ${shown(exact)}`,
      pathwise: `${shown(path.mean)} ± ${shown(path.spread)}`,
      score: `${shown(score.mean)} ± ${shown(score.spread)}`,
      ratio: `${shown(ratio, ratio < 100 ? 1 : 0)} times`,
    });
  }

  const canvases = [flow, reports, spread];
  const restyle = () => {
    theme = chartTheme(root);
  };
  keepDrawn(root, model, { traits: ["mean", "log_std", "samples", "parameter"], canvases, draw, restyle }, signal);
}

export default liveView(render);
