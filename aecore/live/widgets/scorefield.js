/**
 * ScoreField's view: where a denoiser sends each point of a plane, and a particle that goes there.
 *
 * What: the traits at1, at2 (where the particle is dropped), std, step, field and crowd are the whole
 * state; the whole path follows from them, so every way of moving one of them meets in one place. Why
 * both fields: the exact denoiser of the mixture is known in closed form, so the learned one has
 * something to be held against, at every place and every noise.
 */
import { playButton } from "../controls/buttons.js";
import { choices, wordFace } from "../controls/choices.js";
import { stepRun } from "../controls/downhill.js";
import { announcePlace, keptOnSlider, moveOnPlane, planeAttributes } from "../controls/plane.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme, legend } from "../drawing/chart.js";
import { nameAxes } from "../drawing/pad.js";
import { keepDrawn } from "../drawing/redraw.js";
import { drawArrows, drawCrowd, drawGround, drawSpot, drawTrail, shading } from "../drawing/vectorfield.js";
import { sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { compared, denoisersAt, movesAt } from "../maths/denoisers.js";
import { cellMiddles, fieldCosine, followed, logDensityAt, noisedMixture } from "../maths/mixture.js";
import { shown } from "../maths/numbers.js";

const NAMES = ["x₁", "x₂"];
const FIELDS = ["exact", "learned"];
const SERIES_OF = { exact: "blue", learned: "orange" };
const ARROWS_ASIDE = 17;
const CROWD_ASIDE = 9;
const GRID_STEP = 0.01;
/** Where the density is at least this share of its peak, the two fields are compared as wholes. */
const NOT_TINY = 0.01;

/** @typedef {"exact" | "learned"} Field */

/** @param {number[]} vector */
const inBrackets = (vector) => `(${shown(vector[0])}, ${shown(vector[1])})`;

/** @param {number} value */
const cosineText = (value) => (Number.isNaN(value) ? "no direction" : shown(value, 3));

/** The parts of the view. @param {HTMLElement} root @param {boolean} learned @param {boolean} data @param {AbortSignal} signal */
function buildField(root, learned, data, signal) {
  const tools = element("div", "aecore-tools aecore-flow-tools");
  const stage = element("div", "aecore-panels is-two is-field");
  const plane = panel(
    "Where the denoiser sends each point",
    "aecore-pad",
    planeAttributes(
      "Where the particle is dropped, in the plane. Arrow keys move it, Shift takes larger steps, Enter drops it",
    ),
  );
  const shownFields = /** @type {Field[]} */ (FIELDS.slice(0, learned ? 2 : 1));
  const entries = shownFields.map((name) => ({ text: `${name} field`, series: SERIES_OF[name] }));
  const climb = chartPanel("How likely the particle is on its way", "Log-density along the path", 1.5, entries);
  const key = legend([
    { text: "r(x) − x, by the root of its length", series: "blue" },
    { text: "density after noise", series: "grey", kind: "area" },
    ...(data ? [{ text: "clean data", series: "purple", kind: /** @type {const} */ ("dot") }] : []),
    { text: "particle, and a small ring at its r(x)", series: "red", kind: "dot" },
  ]);
  plane.figure.append(key);
  const numbers = readouts(
    [
      { key: "place", name: "particle at x" },
      { key: "density", name: "density after noise" },
      { key: "exact", name: "score after noise", series: "blue" },
      ...(learned
        ? [
            { key: "learned", name: "(r(x) − x)/σ²", series: "orange" },
            { key: "cosine", name: "their cosine here" },
            { key: "over", name: "as whole fields" },
          ]
        : []),
      { key: "clean", name: "score without noise", series: "grey" },
      { key: "change", name: "its cosine with noise" },
    ],
    signal,
  );
  climb.figure.append(numbers.list);
  stage.append(plane.figure, climb.figure);
  root.append(tools, stage);
  const swatch = /** @type {HTMLElement} */ (key.querySelector(".aecore-swatch"));
  return { tools, plane: plane.canvas, climb: climb.canvas, swatch, numbers };
}

/**
 * The log-density along each way over the steps.
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme
 * @param {Record<string, number[]>} heights of each field's way @param {Field} field @param {number} step
 */
function drawClimb(canvas, theme, heights, field, step) {
  const all = Object.values(heights).flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max(0.5, 0.08 * (high - low));
  const chart = new Chart(canvas, theme, {
    x: { range: [0, heights[field].length - 1], name: "step" },
    y: { range: [low - room, high + room], name: "log of the density after noise (nats)", most: 5 },
  });
  const names = /** @type {Field[]} */ (Object.keys(heights));
  for (const name of names.sort((a, b) => Number(a === field) - Number(b === field))) {
    chart.curve(
      heights[name].map((height, k) => [k, height]),
      { colour: theme.series[SERIES_OF[name]], width: name === field ? 2 : 3.5 },
    );
  }
  chart.dot([step, heights[field][step]], { colour: theme.series.red, radius: 5, ring: theme.paper });
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const reference = model.get("denoiser");
  const network = reference ? await sharedNetwork(model.widget_manager, reference) : null;
  const mixture = { weights: model.get("weights"), means: model.get("means"), covariances: model.get("covariances") };
  const [region, steps, rate, places] = ["region", "steps", "rate", "places"].map((name) => model.get(name));
  const points = toFloat32(places, "float32");
  const clean = noisedMixture(mixture, 0);
  const middles = cellMiddles(region, ARROWS_ASIDE);
  const { tools, plane, climb, swatch, numbers } = buildField(
    root,
    Boolean(network),
    points.length > 0,
    signal,
  );
  const drop = playButton("Drop", () => (run.isRunning() ? run.stop() : dropIt()));
  tools.append(drop);
  const pick = (/** @type {string} */ legendText, /** @type {string[]} */ words, /** @type {(index: number) => void} */ to) => {
    const made = choices(
      legendText,
      words.map((name) => ({ name, face: wordFace(name) })),
      to,
    );
    tools.append(made.set);
    return made;
  };
  const which = network ? pick("Field", FIELDS, (index) => assign(model, { field: FIELDS[index] })) : null;
  const many = pick("Particles", ["one", "a crowd"], (index) => assign(model, { crowd: index === 1 }));

  let theme = chartTheme(root);
  const tellLater = whenStill(signal);
  /** What was computed for one std. @type {any} */
  let noise = { std: NaN };
  /** @type {HTMLCanvasElement | null} */
  let ground = null;
  let grounded = "";

  function atNoise(/** @type {number} */ std) {
    const denoisers = denoisersAt(mixture, network, std);
    const logs = middles.map((place) => logDensityAt(denoisers.components, place));
    const moves = { exact: movesAt(denoisers.exact, middles), learned: movesAt(denoisers.learned, middles) };
    const over = fieldCosine(logs, moves.exact, moves.learned, NOT_TINY);
    return { std, denoisers, moves, over, crowds: {}, start: [] };
  }

  /** @param {Field} field */
  function drawnGround(field) {
    const made = [noise.std, field, plane.width].join();
    if (ground && grounded === made) return ground;
    const { components } = noise.denoisers;
    const logs = (/** @type {number[][]} */ at) => at.map((place) => logDensityAt(components, place));
    const wash = shading(logs, (side) => cellMiddles(region, side), theme.series.grey, 0.55);
    ground = drawGround(plane, region, theme, wash, points, NAMES);
    drawArrows(ground, region, middles, noise.moves[field], theme.series[SERIES_OF[field]], plane.clientWidth);
    nameAxes(ground, theme, NAMES, plane.clientWidth);
    grounded = made;
    return ground;
  }

  /** The way from a place along each field, and the log-density along it. @param {number[]} start */
  function followFrom(start) {
    if (noise.start.join() === start.join()) return;
    Object.assign(noise, { start, ways: {}, heights: {} });
    for (const name of network ? FIELDS : ["exact"]) {
      noise.ways[name] = followed(noise.denoisers[name], [start], rate, steps).map(([place]) => place);
      noise.heights[name] = noise.ways[name].map((/** @type {number[]} */ place) =>
        logDensityAt(noise.denoisers.components, place),
      );
    }
  }

  function draw() {
    if (!plane.width || !climb.width) return;
    const [std, chosen] = [model.get("std"), network ? model.get("field") : "exact"];
    const field = /** @type {Field} */ (chosen);
    const step = Math.max(0, Math.min(steps, Math.round(model.get("step"))));
    if (noise.std !== std) noise = atNoise(std);
    const start = [model.get("at1"), model.get("at2")];
    const { red } = theme.series;
    followFrom(start);
    const way = noise.ways[field];
    const at = way[step];
    const goal = noise.denoisers[field]([at])[0];
    plane.getContext("2d")?.drawImage(drawnGround(field), 0, 0);
    if (model.get("crowd")) {
      noise.crowds[field] ??= followed(noise.denoisers[field], cellMiddles(region, CROWD_ASIDE), rate, steps);
      drawCrowd(plane, region, noise.crowds[field][step], red, theme.paper);
    }
    drawTrail(plane, region, way, { colour: red, width: 1.5, opacity: 0.5, dash: [2, 4] });
    drawTrail(plane, region, way.slice(0, step + 1), { colour: red, width: 3 });
    drawSpot(plane, region, start, { colour: red, radius: 6, fill: theme.paper });
    drawTrail(plane, region, [at, goal], { colour: theme.text, width: 1.75 });
    drawSpot(plane, region, goal, { colour: theme.text, radius: 4 });
    drawSpot(plane, region, at, { colour: theme.paper, radius: 7, fill: red });
    drawClimb(climb, theme, noise.heights, field, step);
    which?.show(FIELDS.indexOf(field));
    many.show(model.get("crowd") ? 1 : 0);
    swatch.style.setProperty("--aecore-swatch", `var(--aecore-${SERIES_OF[field]})`);
    tell(at, start, goal, field, step);
  }

  /** @param {number[]} at @param {number[]} start @param {number[]} goal @param {Field} field @param {number} step */
  function tell(at, start, goal, field, step) {
    const told = compared(noise.denoisers, clean, at);
    const texts = {
      place: inBrackets(at),
      density: Math.exp(told.logDensity).toPrecision(3),
      exact: inBrackets(told.score),
      clean: inBrackets(told.clean),
      change: cosineText(told.toClean),
      ...(network && {
        learned: inBrackets(told.learned),
        cosine: cosineText(told.toLearned),
        over: shown(noise.over, 3),
      }),
    };
    const where = `After ${step} steps along the ${field} field the particle dropped at ${inBrackets(start)} is at ${texts.place}`;
    const sentence = `${where}, where the density after noise is ${texts.density}.`;
    numbers.show(texts, network ? `${sentence} Cosine of both scores: ${texts.cosine}.` : sentence);
    announcePlace(plane, region, start, `x₁ ${shown(start[0])}, x₂ ${shown(start[1])}`);
    tellLater(() => {
      climb.setAttribute("aria-label", `Log-density along the path, ${shown(told.logDensity)} nats now. ${sentence}`);
      const noised = `Noise of standard deviation ${shown(noise.std)}. ${where}`;
      plane.setAttribute("aria-description", `${noised}; the denoiser sends it to ${inBrackets(goal)}.`);
    });
  }

  const run = stepRun(
    model,
    ["step"],
    ([step]) => (step < steps ? [Math.round(step) + 1] : null),
    (running) => drop.classList.toggle("is-playing", running),
    signal,
  );
  const dropIt = () => {
    run.stop();
    assign(model, { step: 0 });
    run.start();
  };
  const moveTo = (/** @type {number[]} */ place) => {
    run.stop();
    const [at1, at2] = place.map((value, i) => keptOnSlider(value, region[i], region[2], GRID_STEP));
    assign(model, { at1, at2, step: 0 });
  };
  const here = () => [model.get("at1"), model.get("at2")];
  moveOnPlane(
    plane,
    { region: () => region, stride: () => region[2] / 50, here, dragged: moveTo, stepped: moveTo, dropped: dropIt },
    signal,
  );
  const restyle = () => {
    theme = chartTheme(root);
    ground = null;
  };
  const traits = ["at1", "at2", "std", "step", "field", "crowd"];
  keepDrawn(root, model, { traits, canvases: [plane, climb], draw, restyle }, signal);
}

export default liveView(render);
