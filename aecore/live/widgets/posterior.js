/**
 * PosteriorExplorer's view: a joint density, its slice at x, and what the slice says of z.
 *
 * What: the model's traits x and noise_std are the state. Above, p(x, z) as a map with the evidence p(x)
 * beside it; below it, on the same z axis, the slice as prior times likelihood, whose area is p(x); last
 * the posterior, which is the slice divided by that area. Why in one column: Bayes' rule is then read
 * downwards, at one z.
 */
import { readouts } from "../controls/readouts.js";
import { assign, liveView } from "../controls/view.js";
import { channels, element } from "../drawing/canvas.js";
import { chartPanel, chartTheme } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { chartOverZ, extentOf } from "../drawing/zaxis.js";
import { signedAreas } from "../maths/estimates.js";
import { exactPosterior, logEvidence, normalDensity } from "../maths/gaussian.js";
import { shown } from "../maths/numbers.js";

const Z_SPAN = [-4, 4];
const MAP_SIZE = [128, 96];

/** The parts of the view that do not depend on the numbers. @param {HTMLElement} root */
function buildPosterior(root) {
  const stage = element("div", "aecore-panels is-joint");
  const map = chartPanel("Joint density p(x, z)", "Joint density of x and z", 1.6, [
    { text: "your x", series: "red" },
    { text: "mean of x for each z", series: "grey", kind: "dash" },
  ]);
  const margin = chartPanel("Evidence p(x)", "Density of x", 1.6, [{ text: "at your x", series: "red", kind: "dot" }]);
  const slice = chartPanel("The slice at your x", "Prior, likelihood and their product over z", 1.6, [
    { text: "prior p(z)", series: "grey" },
    { text: "likelihood p(x|z)", series: "purple" },
    { text: "product, area p(x)", series: "orange", kind: "area" },
  ]);
  const posterior = chartPanel("The posterior p(z|x): that slice divided by its area", "Posterior over z", 1.6, [
    { text: "prior p(z)", series: "grey" },
    { text: "posterior, area 1", series: "red", kind: "area" },
  ]);
  const [evidenceSide, posteriorSide] = [0, 1].map(() => element("div", "aecore-side"));
  stage.append(map.figure, margin.figure, slice.figure, evidenceSide, posterior.figure, posteriorSide);
  root.append(stage);
  return { map, margin, slice, posterior, evidenceSide, posteriorSide };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
function render({ model, root, signal }) {
  const { map, margin, slice, posterior, ...sides } = buildPosterior(root);
  const evidence = readouts(
    [
      { key: "area", name: "area of the product", series: "orange" },
      { key: "evidence", name: "p(x) by formula", series: "red" },
      { key: "log-evidence", name: "log p(x), nats" },
    ],
    signal,
  );
  const moments = readouts(
    [
      { key: "mean", name: "posterior mean" },
      { key: "std", name: "posterior std" },
    ],
    signal,
  );
  sides.evidenceSide.append(evidence.list);
  sides.posteriorSide.append(moments.list);

  const [weight, bias, xRange] = [model.get("weight"), model.get("bias"), model.get("x_bounds")];
  let theme = chartTheme(root);
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = MAP_SIZE;
  const ink = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  const pixels = new ImageData(MAP_SIZE[0], MAP_SIZE[1]);
  let painted = "";

  /** Paint the joint density: the more, the less transparent. @param {number} noiseStd */
  const paintJoint = (noiseStd) => {
    const key = `${noiseStd} ${theme.series.orange}`;
    if (key === painted) return;
    painted = key;
    const [columns, rows] = MAP_SIZE;
    const colour = channels(theme.series.orange);
    const most = normalDensity(0, 0, 1) * normalDensity(0, 0, noiseStd);
    for (let row = 0; row < rows; row++) {
      const x = xRange[1] - ((row + 0.5) / rows) * (xRange[1] - xRange[0]);
      for (let column = 0; column < columns; column++) {
        const z = Z_SPAN[0] + ((column + 0.5) / columns) * (Z_SPAN[1] - Z_SPAN[0]);
        const density = normalDensity(z, 0, 1) * normalDensity(x, weight * z + bias, noiseStd);
        const at = 4 * (row * columns + column);
        pixels.data.set(colour, at);
        pixels.data[at + 3] = 235 * Math.sqrt(density / most);
      }
    }
    ink.putImageData(pixels, 0, 0);
  };

  /** @param {import("../maths/gaussian.js").LatentModel} latent @param {number} x @param {{mean: number, std: number}} found */
  const drawMap = (latent, x, found) => {
    paintJoint(latent.noiseStd);
    const chart = chartOverZ(map.canvas, theme, { range: Z_SPAN, name: "z" }, { range: xRange, name: "x" });
    const { left, top, right, bottom } = chart.plot;
    chart.context.imageSmoothingEnabled = true;
    chart.inside(() => chart.context.drawImage(sheet, left, top, right - left, bottom - top));
    chart.curve((z) => weight * z + bias, { colour: theme.series.grey, width: 1.25, dash: [4, 4] });
    chart.horizontal(x, { colour: theme.series.red, width: 2 });
    const { mean, std } = found;
    chart.segment([mean, xRange[0]], [mean, x], { colour: theme.series.red, dash: [3, 3] });
    chart.segment([mean - std, x], [mean + std, x], { colour: theme.series.red, width: 5 });
    chart.dot([mean, x], { colour: theme.series.red, radius: 4.5, ring: theme.paper });
    return chart;
  };

  /** @param {import("../maths/gaussian.js").LatentModel} latent @param {number} x */
  const drawMargin = (latent, x) => {
    const density = (/** @type {number} */ at) => Math.exp(logEvidence(latent, at));
    const axes = { range: [0, 1.15 * density(bias)], name: "p(x)", most: 3 };
    const chart = chartOverZ(margin.canvas, theme, axes, { range: xRange, name: "x" });
    const points = Array.from({ length: 121 }, (_, k) => {
      const at = xRange[0] + (k / 120) * (xRange[1] - xRange[0]);
      return [density(at), at];
    });
    chart.curve(points, { colour: theme.series.orange });
    chart.horizontal(x, { colour: theme.series.red, width: 1 });
    chart.dot([density(x), x], { colour: theme.series.red, radius: 5, ring: theme.paper });
  };

  function draw() {
    if (!map.canvas.width) return;
    const [x, noiseStd] = [model.get("x"), model.get("noise_std")];
    const latent = { weight, bias, noiseStd };
    const found = exactPosterior(latent, x);
    const prior = (/** @type {number} */ z) => normalDensity(z, 0, 1);
    const likelihood = (/** @type {number} */ z) => normalDensity(x, weight * z + bias, noiseStd);
    const product = (/** @type {number} */ z) => prior(z) * likelihood(z);
    const after = (/** @type {number} */ z) => normalDensity(z, found.mean, found.std);
    const { grey, purple, orange, red } = theme.series;

    reach = drawMap(latent, x, found);
    drawMargin(latent, x);
    const sliceTop = 1.12 * Math.max(prior(0), extentOf(likelihood, Z_SPAN)[1]);
    const sliceAxis = { range: [0, sliceTop], name: "density" };
    const sliced = chartOverZ(slice.canvas, theme, { range: Z_SPAN, name: "z" }, sliceAxis);
    const centred = { colour: red, width: 1, dash: [3, 3] };
    sliced.vertical(found.mean, centred);
    sliced.area(product, { colour: orange, opacity: 0.4 });
    sliced.curve(prior, { colour: grey });
    sliced.curve(likelihood, { colour: purple });
    sliced.curve(product, { colour: orange });
    const afterAxis = { range: [0, 1.12 * Math.max(prior(0), after(found.mean))], name: "density" };
    const bayes = chartOverZ(posterior.canvas, theme, { range: Z_SPAN, name: "z" }, afterAxis);
    bayes.vertical(found.mean, centred);
    bayes.area(after, { colour: red, opacity: 0.25 });
    bayes.curve(prior, { colour: grey });
    bayes.curve(after, { colour: red });

    const [centre, far] = [found.mean, 10 * found.std];
    const logP = logEvidence(latent, x);
    evidence.show({
      area: shown(signedAreas(product, centre - far, centre + far).total, 4),
      evidence: shown(Math.exp(logP), 4),
      "log-evidence": shown(logP, 3),
    });
    moments.show({ mean: shown(found.mean, 3), std: shown(found.std, 3) });
  }

  /** The map as it was drawn last, to find x under the pointer. @type {any} */
  let reach = null;
  const dragTo = (/** @type {PointerEvent} */ event) => {
    // A finger scrolls the page; it has the slider.
    if (!reach || event.pointerType === "touch" || !(event.buttons & 1)) return;
    const { top, bottom } = reach.plot;
    const at = (event.offsetY * reach.unit - bottom) / (top - bottom);
    const x = xRange[0] + Math.min(1, Math.max(0, at)) * (xRange[1] - xRange[0]);
    assign(model, { x: Math.round(20 * x) / 20 });
  };
  for (const { canvas } of [map, margin]) {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      dragTo(event);
    });
    canvas.addEventListener("pointermove", dragTo);
  }

  const canvases = [map, margin, slice, posterior].map(({ canvas }) => canvas);
  const restyle = () => {
    theme = chartTheme(root);
  };
  keepDrawn(root, model, { traits: ["x", "noise_std"], canvases, draw, restyle }, signal);
}

export default liveView(render);
