/**
 * DenoisingExplorer's view: an image, the same with noise, what the denoiser makes of it, and the residual.
 *
 * What: the traits example, std and draw (which noise) are the whole state. The noise is frozen: std
 * only scales it, so a drag of the slider shows one noise grow, and the errors over all noise levels
 * are one curve. Why: the residual divided by sigma^2 is the denoiser's estimate of the score, and
 * here it can be seen as an image, beside the numbers that say how good it is.
 */
import { toolButton } from "../controls/buttons.js";
import { picturePicker } from "../controls/pictures.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel, Sheet } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { paintSigned, readSigned } from "../drawing/signed.js";
import { sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { normalNoise } from "../maths/noise.js";
import { shown } from "../maths/numbers.js";
import {
  cosineFrom,
  decadesAround,
  decadesBetween,
  errorCurve,
  noisedImage,
  scoreEstimate,
  squaredDistance,
} from "../maths/residual.js";

const LEVELS = 40;
// Where the denoiser gives back the clean image, the residual is -noise / sigma: so many standard deviations of it
// have full colour.
const FULL_COLOUR = 3;

/** A squared error as text. @param {number} value */
function errorText(value) {
  return shown(value, value < 10 ? 2 : 1);
}

/** @param {HTMLElement} root @param {() => void} redraw @param {AbortSignal} signal */
function denoisingFrame(root, redraw, signal) {
  root.classList.add("aecore-denoising");
  const stage = element("div", "aecore-panels is-four");
  const image = (/** @type {string} */ caption, /** @type {string} */ name) => {
    const made = panel(caption, name, { role: "img", "aria-label": caption });
    stage.append(made.figure);
    return made.canvas;
  };
  const canvases = {
    clean: image("Clean x", "aecore-clean"),
    noised: image("Noised x̃ = x + σε", "aecore-noised"),
    denoised: image("Denoised r(x̃)", "aecore-denoised"),
    residual: image("Residual / σ²", "aecore-residual"),
  };
  const key = element("div", "aecore-readout", { "aria-hidden": "true" });
  const chart = chartPanel("Squared error over σ, for this image and this noise", "Squared errors", 2, [
    { text: "noised: |x̃ − x|²", series: "grey" },
    { text: "denoised: |r(x̃) − x|²", series: "purple" },
  ]);
  chart.canvas.classList.add("aecore-error-chart");
  const numbers = readouts(
    [
      { key: "before", name: "Error, noised", series: "grey" },
      { key: "after", name: "Error, denoised", series: "purple" },
      { key: "left", name: "Share of error left" },
      { key: "cosine", name: "Cosine with the way back" },
    ],
    signal,
  );
  const side = element("div", "aecore-side");
  side.append(numbers.list, toolButton("Another noise", redraw));
  const below = element("div", "aecore-panels is-joint is-error");
  below.append(chart.figure, side);
  root.append(stage, key, below);
  return { stage, key, numbers, chart: chart.canvas, ...canvases };
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme
 * @param {number[]} stds @param {{before: number, after: number}[]} curve
 * @param {{std: number, before: number, after: number}} here @param {number[]} trained
 */
function drawErrors(canvas, theme, stds, curve, here, trained) {
  const { grey, purple } = theme.series;
  // The noise's own error begins at 0, which no logarithm reaches: one decade below the denoiser's is enough.
  const [least, high] = decadesAround([...curve.map(({ after }) => after), curve[curve.length - 1].before]);
  const low = least / 10;
  const decades = decadesBetween(low, high);
  const inside = (/** @type {number} */ value) => Math.max(low / 2, value);
  const chart = new Chart(canvas, theme, {
    x: { range: [0, stds[stds.length - 1]], name: "noise σ" },
    y: {
      range: [low, high],
      log: true,
      ticks: decades,
      texts: decades.map(String),
      name: "squared error, sum of pixels",
    },
  });
  if (trained.length) {
    const [from, to] = [trained[0], trained[trained.length - 1]];
    const style = { colour: theme.muted, width: 1, dash: [4, 3] };
    if (from !== to) chart.box([from, low], [to, high], { colour: theme.muted, opacity: 0.14 });
    chart.vertical(from, { ...style, text: from === to ? "trained here" : "trained in this band" });
    if (from !== to) chart.vertical(to, style);
  }
  chart.curve(
    curve.map(({ before }, i) => [stds[i], inside(before)]),
    { colour: grey },
  );
  chart.curve(
    curve.map(({ after }, i) => [stds[i], inside(after)]),
    { colour: purple, width: 2.5 },
  );
  chart.vertical(here.std, { colour: theme.text, width: 1, dash: [2, 3] });
  for (const [value, colour] of /** @type {const} */ ([
    [here.before, grey],
    [here.after, purple],
  ])) {
    if (value >= low) chart.dot([here.std, value], { colour, radius: 5, ring: theme.text });
  }
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("denoiser"));
  const [height, width] = model.get("image_shape");
  const [size, names] = [height * width, model.get("names")];
  const images = toFloat32(model.get("images"), "float32");
  const [seed, most, trained] = [model.get("seed"), model.get("most"), model.get("trained")];
  const stds = Array.from({ length: LEVELS + 1 }, (_, i) => most * (i / LEVELS) ** 2);
  const redraw = () => assign(model, { draw: (model.get("draw") + 1) % model.get("draws") });
  const frame = denoisingFrame(root, redraw, signal);
  const { clean, noised, denoised, residual, chart, numbers } = frame;
  const picker = picturePicker("Example", names, images, [height, width], (index) => assign(model, { example: index }));
  picker.set.classList.add("aecore-examples");
  root.insertBefore(picker.set, frame.stage);

  let theme = chartTheme(root);
  let shades = readSigned(root);
  const tellLater = whenStill(signal);
  const sheet = new Sheet(width, height);
  const paint = (/** @type {HTMLCanvasElement} */ canvas, /** @type {ArrayLike<number>} */ pixels) => {
    sheet.paint(pixels, 0, theme);
    sheet.drawOn(canvas);
  };
  let known = "";
  let noise = new Float64Array(0);
  /** @type {{before: number, after: number}[]} */
  let curve = [];

  function draw() {
    if (!clean.width || !chart.width) return;
    const [example, std] = [model.get("example"), model.get("std")];
    const which = Math.round(model.get("draw"));
    const image = images.subarray(example * size, (example + 1) * size);
    if (known !== `${example} ${which}`) {
      known = `${example} ${which}`;
      noise = normalNoise(seed + which, size);
      curve = errorCurve(network, image, noise, stds);
    }
    picker.paint(theme);
    picker.show(example);
    const spoilt = noisedImage(image, std, noise);
    const mended = network.decode(spoilt).slice();
    paint(clean, image);
    paint(noised, spoilt);
    paint(denoised, mended);
    const full = std > 0 ? FULL_COLOUR / std : 0;
    const score = std > 0 ? scoreEstimate(spoilt, mended, std) : new Float32Array(size);
    paintSigned(sheet, score, 0, full, shades);
    sheet.drawOn(residual);
    const limit = `±${Number(full.toPrecision(3))}`;
    frame.key.textContent =
      std > 0
        ? `(r(x̃) − x̃)/σ²: orange adds ink, blue takes it away, ${limit} has full colour. Grey: cut to [0, 1].`
        : "With σ = 0 there is no noise, and no residual to divide by σ².";
    const [before, after] = [squaredDistance(spoilt, image), squaredDistance(mended, image)];
    const cosine = cosineFrom(mended, image, spoilt);
    drawErrors(chart, theme, stds, curve, { std, before, after }, trained);
    const told = {
      before: errorText(before),
      after: errorText(after),
      left: before > 0 ? `${shown((100 * after) / before, 0)} %` : "–",
      cosine: Number.isNaN(cosine) ? "–" : shown(cosine, 3),
    };
    const where = `${names[example]} with noise of standard deviation ${shown(std)}`;
    const errors = `squared error ${told.before} before denoising, ${told.after} after`;
    numbers.show(told, `${where}: ${errors}; cosine of the residual with the way back ${told.cosine}.`);
    tellLater(() => {
      clean.setAttribute("aria-label", `Clean image, ${names[example]}`);
      noised.setAttribute("aria-label", `The image ${where}, squared error ${told.before}`);
      denoised.setAttribute("aria-label", `What the denoiser makes of it, squared error ${told.after}`);
      residual.setAttribute(
        "aria-label",
        std > 0
          ? `The residual divided by the variance, a signed image; its cosine with the way back is ${told.cosine}`
          : "No residual at noise 0",
      );
      chart.setAttribute(
        "aria-label",
        `Curves of both squared errors over the noise. At ${shown(std)}: ${errors}`,
      );
    });
  }

  const restyle = () => {
    theme = chartTheme(root);
    shades = readSigned(root);
  };
  const canvases = [clean, noised, denoised, residual, chart, ...picker.faces];
  keepDrawn(root, model, { traits: ["example", "std", "draw"], canvases, draw, restyle }, signal);
}

export default liveView(render);
