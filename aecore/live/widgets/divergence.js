/**
 * KLPlayground's view: a normal q beside a target p, both divergences as areas, and three ways to one
 * number.
 *
 * What: the model's traits mean, log_std and target are the state. On the left q and p, and below them
 * what KL(q || p) adds up at each z; on the right the three numbers that must agree, and below them what
 * KL(p || q) adds up. Why the signed areas: the divergence is never negative although its integrand is.
 */
import { choices, wordFace } from "../controls/choices.js";
import { runner } from "../controls/downhill.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView } from "../controls/view.js";
import { element } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { chartOverZ, extentOf } from "../drawing/zaxis.js";
import { normalNoise } from "../maths/noise.js";
import { shown } from "../maths/numbers.js";
import {
  closedForms,
  forwardAreas,
  klIntegrand,
  logDensities,
  reverseAreas,
  sampledForward,
  stepDownhill,
} from "../maths/relative.js";

const TARGET_NAMES = ["normal", "mixture"];
const TARGET_FACES = ["N(0, 1)", "two bumps"];
const Z_RANGE = [-6, 6];
const RUG = 80;

/**
 * "0.921 above − 0.208 below = 0.713 nats", each part in its colour. What is below is the difference of the
 * rounded others, so that the line adds up as it is read.
 * @param {HTMLElement} line @param {{above: number, total: number}} areas
 */
function showSum(line, { above, total }) {
  const [whole, sum] = [above, total].map((area) => Math.round(1000 * area));
  const texts = [`${shown(whole / 1000, 3)} above`, ` − ${shown((whole - sum) / 1000, 3)} below`];
  texts.push(` = ${shown(sum / 1000, 3)} nats`);
  for (const [i, text] of texts.entries()) line.children[i].textContent = text;
}

/** @param {import("../maths/gaussian.js").Mixture} target */
function targetText({ weights, means, stds }) {
  const terms = means.map((mean, i) => {
    const share = weights[i] === 1 ? "" : weights[i] === 0.5 ? "½" : weights[i];
    return `${share}N(${shown(mean, 0)}, ${stds[i] === 1 ? 1 : `${stds[i]}²`})`;
  });
  return terms.join(" + ");
}

/** How far the samples' mean is from the true value. @param {number} truth @param {{mean: number, error: number}} sampled */
function awayText(truth, { mean, error }) {
  if (error < 1e-9) return "log(q/p) is the same at every sample";
  return `Monte Carlo is ${shown(Math.abs(mean - truth) / error, 1)} standard errors away`;
}

/** A chart with a line of sums below it. @param {string} caption @param {string} key */
function sumPanel(caption, key) {
  const made = chartPanel(caption, caption, 1.65);
  const line = element("div", "aecore-sum", { "data-number": key });
  for (const series of ["purple", "red", ""]) {
    const part = element("span", "");
    if (series) part.style.color = `var(--aecore-${series})`;
    line.append(part);
  }
  made.figure.append(line);
  return { ...made, line };
}

/** The parts of the view that do not depend on the numbers. @param {HTMLElement} root */
function buildPlayground(root) {
  const stage = element("div", "aecore-panels is-two is-divergence");
  const tools = element("div", "aecore-tools");
  const densities = chartPanel("The distributions", "q and p over z", 1.65, [
    { text: "q = N(μ, σ²)", series: "blue" },
    { text: "target p", series: "orange" },
    { text: "samples of q", series: "blue", kind: "dot" },
  ]);
  const ways = chartPanel("Three ways to KL(q‖p)", "Formula, quadrature and Monte Carlo", 1.65, [
    { text: "± 1 standard error", series: "blue" },
    { text: "± 2", series: "grey" },
  ]);
  const [named, away] = ["densities", "away"].map((key) => element("div", "aecore-sum", { "data-number": key }));
  densities.figure.append(named);
  ways.figure.append(away);
  const forward = sumPanel("KL(q‖p): the integrand q log(q/p)", "forward-areas");
  const reverse = sumPanel("KL(p‖q): the integrand p log(p/q)", "reverse-areas");
  stage.append(densities.figure, ways.figure, forward.figure, reverse.figure);
  root.append(stage);
  return { tools, densities, ways, forward, reverse, named, away };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
function render({ model, root, signal }) {
  const { tools, densities, ways, forward, reverse, named, away } = buildPlayground(root);
  const [seed, count] = model.get("noise");
  const noise = normalNoise(seed, count);
  const targets = model.get("targets");
  const target = () => targets[model.get("target")];

  const picker = choices(
    "Target p",
    TARGET_FACES.map((name) => ({ name, face: wordFace(name) })),
    (index) => assign(model, { target: TARGET_NAMES[index] }),
  );
  const [step, bounds] = [model.get("step"), model.get("bounds")];
  const runs = [
    ["forward", "Minimise KL(q‖p)"],
    ["reverse", "Minimise KL(p‖q)"],
  ].map(([direction, text]) =>
    runner(
      model,
      ["mean", "log_std"],
      text,
      (place) => stepDownhill(direction, place, target(), step, bounds),
      signal,
    ),
  );
  const group = element("div", "aecore-runs");
  group.append(...runs);
  tools.append(picker.set, group);
  const numbers = readouts(
    [
      { key: "formula", name: "KL(q‖p) by formula" },
      { key: "quadrature", name: "by quadrature" },
      { key: "samples", name: `by ${count} samples` },
      { key: "reverse", name: "KL(p‖q)" },
    ],
    signal,
  );
  root.append(numbers.list, tools);

  let theme = chartTheme(root);

  /** @param {import("../maths/relative.js").LogDensities} logs @param {number} mean @param {number} std */
  const drawDensities = ({ q, p }, mean, std) => {
    const [qAt, pAt] = [q, p].map((log) => (/** @type {number} */ z) => Math.exp(log(z)));
    const top = 1.12 * Math.max(qAt(mean), extentOf(pAt, Z_RANGE)[1]);
    const y = { range: [0, top], name: "density" };
    const chart = chartOverZ(densities.canvas, theme, { range: Z_RANGE, name: "z" }, y);
    const { blue, orange } = theme.series;
    chart.area(pAt, { colour: orange, opacity: 0.2 });
    chart.area(qAt, { colour: blue, opacity: 0.2 });
    chart.curve(pAt, { colour: orange });
    chart.curve(qAt, { colour: blue, width: 2.5 });
    for (const eps of noise.subarray(0, RUG)) {
      chart.dot([mean + std * eps, 0], { colour: blue, radius: 2, opacity: 0.35 });
    }
  };

  /** @param {HTMLCanvasElement} canvas @param {(z: number) => number} integrand */
  const drawIntegrand = (canvas, integrand) => {
    const [least, most] = extentOf(integrand, Z_RANGE);
    const room = Math.max(0.02, 0.12 * (most - least));
    const y = { range: [least - room, most + room], name: "nats per unit of z" };
    const chart = chartOverZ(canvas, theme, { range: Z_RANGE, name: "z" }, y);
    const { purple, red } = theme.series;
    chart.area(integrand, { colour: purple, below: red, opacity: 0.35 });
    chart.curve(integrand, { colour: theme.text, width: 1.5 });
  };

  /** @param {number | null} formula @param {number} quadrature @param {{mean: number, error: number}} sampled */
  const drawWays = (formula, quadrature, { mean, error }) => {
    // The left half is wider: it has the names of the rows.
    const half = Math.max(0.01, 4.5 * error, 1.2 * Math.abs(mean - quadrature));
    const range = [quadrature - 2 * half, quadrature + half];
    const rows = { range: [-0.7, 2.7], ticks: /** @type {false} */ (false) };
    const chart = new Chart(ways.canvas, theme, { x: { range, name: "nats", most: 5 }, y: rows });
    const { blue, purple, grey } = theme.series;
    chart.vertical(formula ?? quadrature, { colour: purple, width: 1, dash: [4, 3] });
    for (const [text, row] of /** @type {[string, number][]} */ ([
      [formula === null ? "no formula" : "formula", 2],
      ["quadrature", 1],
      ["Monte Carlo", 0],
    ])) {
      chart.note(text, [range[0], row], { colour: theme.muted, dx: 4 });
    }
    if (formula !== null) chart.dot([formula, 2], { colour: purple, radius: 5 });
    chart.dot([quadrature, 1], { colour: theme.paper, radius: 5, ring: purple });
    chart.segment([mean - 2 * error, 0], [mean + 2 * error, 0], { colour: grey, width: 2 });
    chart.segment([mean - error, 0], [mean + error, 0], { colour: blue, width: 5 });
    chart.dot([mean, 0], { colour: blue, radius: 5, ring: theme.paper });
  };

  function draw() {
    if (!densities.canvas.width) return;
    const [mean, logStd, p] = [model.get("mean"), model.get("log_std"), target()];
    const logs = logDensities(mean, logStd, p);
    const exact = closedForms(mean, logStd, p);
    const [towards, back] = [forwardAreas(mean, logStd, p), reverseAreas(mean, logStd, p)];
    const sampled = sampledForward(mean, logStd, p, noise);
    drawDensities(logs, mean, Math.exp(logStd));
    drawWays(exact && exact.forward, towards.total, sampled);
    drawIntegrand(forward.canvas, (z) => klIntegrand(logs.q(z), logs.p(z)));
    drawIntegrand(reverse.canvas, (z) => klIntegrand(logs.p(z), logs.q(z)));
    showSum(forward.line, towards);
    showSum(reverse.line, back);
    named.textContent = `q = N(${shown(mean)}, ${shown(Math.exp(logStd))}²), p = ${targetText(p)}`;
    away.textContent = awayText(exact ? exact.forward : towards.total, sampled);
    picker.show(TARGET_NAMES.indexOf(model.get("target")));
    numbers.show({
      formula: exact ? shown(exact.forward, 3) : "no closed form",
      quadrature: shown(towards.total, 3),
      samples: `${shown(sampled.mean, 3)} ± ${shown(sampled.error, 3)}`,
      reverse: shown(back.total, 3),
    });
  }

  const canvases = [densities, ways, forward, reverse].map(({ canvas }) => canvas);
  const restyle = () => {
    theme = chartTheme(root);
  };
  keepDrawn(root, model, { traits: ["mean", "log_std", "target"], canvases, draw, restyle }, signal);
}

export default liveView(render);
