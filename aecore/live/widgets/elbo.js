/**
 * ELBOExplorer's view: q beside the exact posterior, and the ledger of what the ELBO is made of.
 *
 * What: the model's traits x, mean and log_std are the state. Why an exact model: log p(x) is known, so
 * the ELBO, the gap and log p(x) are three separate numbers, and the reader sees that they add up: q
 * moves the first two against each other, and only x moves their sum.
 */
import { runner } from "../controls/downhill.js";
import { readouts } from "../controls/readouts.js";
import { liveView } from "../controls/view.js";
import { element } from "../drawing/canvas.js";
import { chartPanel, chartTheme } from "../drawing/chart.js";
import { drawLedger, ledgerRange, ledgerTexts } from "../drawing/ledger.js";
import { keepDrawn } from "../drawing/redraw.js";
import { chartOverZ } from "../drawing/zaxis.js";
import { elboPieces, exactPosterior, logEvidence, normalDensity, stepUphill } from "../maths/gaussian.js";
import { shown } from "../maths/numbers.js";

const Z_SPAN = [-4, 4];
const STYLES = {
  reconstruction: { name: "reconstruction: E under q of log p(x|z)", series: "purple" },
  rate: { name: "KL(q ‖ prior)", series: "grey" },
  elbo: { name: "ELBO", series: "blue" },
  gap: { name: "gap KL(q ‖ posterior)", series: "orange" },
  evidence: { name: "log p(x)", series: "red" },
};

/** The parts of the view that do not depend on the numbers. @param {HTMLElement} root */
function buildElbo(root) {
  const stage = element("div", "aecore-panels is-two is-elbo");
  const beside = chartPanel("q beside the exact posterior", "Densities of q and the posterior over z", 1.05, [
    { text: "q", series: "blue" },
    { text: "posterior p(z|x)", series: "red" },
    { text: "prior p(z)", series: "grey" },
  ]);
  const ledger = chartPanel("The ledger, in nats", "Bars that add up to log p(x)", 1.05, [
    { text: "log p(x): only x moves this line", series: "red" },
  ]);
  const [densities, sum] = ["densities", "sum"].map((key) => element("div", "aecore-sum", { "data-number": key }));
  beside.figure.append(densities);
  ledger.figure.append(sum);
  stage.append(beside.figure, ledger.figure);
  root.append(stage);
  return { beside, ledger, densities, sum };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
function render({ model, root, signal }) {
  const { beside, ledger, densities, sum } = buildElbo(root);
  const latent = { weight: model.get("weight"), bias: model.get("bias"), noiseStd: model.get("noise_std") };
  const range = ledgerRange(
    Math.min(...model.get("x_bounds").map((/** @type {number} */ x) => logEvidence(latent, x))),
    latent.noiseStd,
  );
  const numbers = readouts(
    Object.entries(STYLES).map(([key, { name, series }]) => ({ key, name, series })),
    signal,
  );
  const tools = element("div", "aecore-tools");
  tools.append(
    runner(
      model,
      ["mean", "log_std"],
      "Maximise the ELBO",
      (place) => stepUphill(latent, model.get("x"), place),
      signal,
    ),
  );
  numbers.list.firstElementChild?.classList.add("aecore-sr-only");
  root.append(numbers.list, tools);

  let theme = chartTheme(root);

  function draw() {
    if (!ledger.canvas.width) return;
    const [x, mean, logStd] = [model.get("x"), model.get("mean"), model.get("log_std")];
    const std = Math.exp(logStd);
    const exact = exactPosterior(latent, x);
    const pieces = elboPieces(latent, x, mean, logStd);
    const q = (/** @type {number} */ z) => normalDensity(z, mean, std);
    const posterior = (/** @type {number} */ z) => normalDensity(z, exact.mean, exact.std);
    const { blue, red, grey } = theme.series;
    const top = 1.12 * Math.max(normalDensity(0, 0, 1), q(mean), posterior(exact.mean));
    const axes = { range: [0, top], name: "density" };
    const chart = chartOverZ(beside.canvas, theme, { range: Z_SPAN, name: "z" }, axes);
    chart.curve((z) => normalDensity(z, 0, 1), { colour: grey, width: 1.5 });
    chart.area(posterior, { colour: red, opacity: 0.16 });
    chart.area(q, { colour: blue, opacity: 0.22 });
    chart.curve(posterior, { colour: red });
    chart.curve(q, { colour: blue, width: 2.5 });
    drawLedger(ledger.canvas, theme, pieces, range, STYLES);
    const texts = ledgerTexts(pieces);
    numbers.show(texts);
    const exactly = `N(${shown(exact.mean)}, ${shown(exact.std)}²)`;
    densities.textContent = `q = N(${shown(mean)}, ${shown(std)}²), posterior = ${exactly}`;
    sum.textContent = `ELBO + gap = log p(x): ${texts.elbo} + ${texts.gap} = ${texts.evidence}`;
  }

  const canvases = [beside.canvas, ledger.canvas];
  const restyle = () => {
    theme = chartTheme(root);
  };
  keepDrawn(root, model, { traits: ["x", "mean", "log_std"], canvases, draw, restyle }, signal);
}

export default liveView(render);
