/**
 * ScoreField's view: where a denoiser sends each point of a plane, and a particle that goes there.
 *
 * What: the traits at1, at2 (where the particle is dropped), std, step and field are the whole state;
 * the whole path follows from them, so every way of moving one of them meets in one place. Why both
 * fields: the exact denoiser of the mixture is known in closed form, so the learned one has something
 * to be held against, at every place and every noise.
 */
import { element, panel, shown } from "./canvas.js";
import { Chart, chartPanel, chartTheme, legend } from "./chart.js";
import { choices, wordFace } from "./choices.js";
import { sharedNetwork, toFloat32 } from "./decoder.js";
import { stepRun } from "./downhill.js";
import { agreement, cellMiddles, cosine, followed, mixtureAt, noisedMixture } from "./mixture.js";
import { nameAxes } from "./pad.js";
import { announcePlace, moveOnPlane, planeAttributes } from "./plane.js";
import { readouts } from "./readouts.js";
import { keepDrawn } from "./redraw.js";
import { drawArrows, drawGround, drawSpot, drawTrail, shading } from "./vectorfield.js";

const NAMES = ["x₁", "x₂"];
const FIELDS = ["exact", "learned"];
const SERIES_OF = { exact: "blue", learned: "orange" };
const ARROWS_ASIDE = 17;
/** Where the density is at least this share of its peak, the two fields are compared. */
const NOT_TINY = 0.01;
const TELL_LATER_MS = 700;

/** @param {number[]} vector */
const pair = (vector) => `(${shown(vector[0])}, ${shown(vector[1])})`;

/** The parts of the view. @param {string} label @param {boolean} learned @param {boolean} data @param {AbortSignal} signal */
function buildField(label, learned, data, signal) {
  const root = element("div", "aecore-view", { role: "group", "aria-label": label });
  const tools = element("div", "aecore-tools aecore-flow-tools");
  const drop = element("button", "aecore-play", { type: "button" });
  drop.textContent = "Drop";
  tools.append(drop);
  const stage = element("div", "aecore-panels is-two is-field");
  const plane = panel(
    "Where the denoiser sends each point",
    "aecore-pad",
    planeAttributes(
      "Where the particle is dropped, in the plane. Arrow keys move it, Shift takes larger steps, Enter drops it",
    ),
  );
  const climb = chartPanel("How likely the particle is on its way", "Log-density along the path", 1.5);
  climb.figure.insertBefore(
    legend(
      FIELDS.slice(0, learned ? 2 : 1).map((name) => ({
        text: `along the ${name} field`,
        series: SERIES_OF[/** @type {"exact" | "learned"} */ (name)],
      })),
    ),
    climb.canvas,
  );
  plane.figure.append(
    legend([
      { text: "density after noise", series: "grey", kind: "area" },
      ...(data ? [{ text: "clean data", series: "purple", kind: /** @type {const} */ ("dot") }] : []),
      { text: "r(x) − x, by the root of its length", series: "blue" },
      { text: "particle", series: "red", kind: "dot" },
    ]),
  );
  const numbers = readouts(
    [
      { key: "place", name: "particle at x" },
      { key: "density", name: "density after noise" },
      { key: "exact", name: "exact score", series: "blue" },
      ...(learned
        ? [
            { key: "learned", name: "(r(x) − x)/σ², learned", series: "orange" },
            { key: "cosine", name: "cosine, learned and exact" },
            { key: "over", name: "mean over the data's region" },
          ]
        : []),
      { key: "clean", name: "score without noise", series: "grey" },
      { key: "change", name: "cosine, with and without" },
    ],
    signal,
  );
  climb.figure.append(numbers.list);
  stage.append(plane.figure, climb.figure);
  root.append(tools, stage);
  return { root, tools, drop, plane: plane.canvas, climb: climb.canvas, numbers };
}

/** @param {{model: any, el: HTMLElement}} view */
async function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const reference = model.get("denoiser");
  const network = reference ? await sharedNetwork(model.widget_manager, reference) : null;
  const mixture = { weights: model.get("weights"), means: model.get("means"), covariances: model.get("covariances") };
  const [region, steps, rate, places] = ["region", "steps", "rate", "places"].map((name) => model.get(name));
  const points = toFloat32(places, "float32");
  const clean = noisedMixture(mixture, 0);
  const middles = cellMiddles(region, ARROWS_ASIDE);
  const { root, tools, drop, plane, climb, numbers } = buildField(
    model.get("label"),
    Boolean(network),
    points.length > 0,
    signal,
  );
  const assign = (/** @type {Record<string, any>} */ values) => {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  };
  const which = network
    ? choices(
        "Field",
        FIELDS.map((name) => ({ name, face: wordFace(name) })),
        (index) => assign({ field: FIELDS[index] }),
      )
    : null;
  if (which) tools.append(which.set);
  el.append(root);

  let theme = chartTheme(root);
  let tellLater = 0;
  /** What was computed for one std, and drawn for one field and size. @type {any} */
  let noise = { std: NaN };
  /** @type {HTMLCanvasElement | null} */
  let ground = null;
  let grounded = "";

  /** The learned denoiser at these places. @param {number[][]} at @param {number} std @returns {number[][]} */
  const learnedAt = (at, std) => {
    if (!network) return at;
    const found = network.decode(
      at.flatMap(([a, b]) => [a, b, Math.log(std)]),
      at.length,
    );
    return at.map((_, i) => [found[2 * i], found[2 * i + 1]]);
  };
  const away = (/** @type {number[][]} */ to, /** @type {number[][]} */ from) =>
    to.map(([a, b], i) => [a - from[i][0], b - from[i][1]]);

  function atNoise(/** @type {number} */ std) {
    const components = noisedMixture(mixture, std);
    const told = middles.map((place) => mixtureAt(components, place));
    const denoised = told.map((found) => found.denoised);
    const moves = { exact: away(denoised, middles), learned: away(learnedAt(middles, std), middles) };
    const over = network ? agreement(told, moves.exact, moves.learned, NOT_TINY) : null;
    return {
      std,
      components,
      moves,
      over,
      denoise: {
        exact: (/** @type {number[]} */ place) => mixtureAt(components, place).denoised,
        learned: (/** @type {number[]} */ place) => learnedAt([place], std)[0],
      },
    };
  }

  /** @param {"exact" | "learned"} field */
  function drawnGround(field) {
    const key = [noise.std, field, plane.width].join();
    if (ground && grounded === key) return ground;
    const logs = (/** @type {number[][]} */ at) => at.map((place) => mixtureAt(noise.components, place).logDensity);
    const wash = shading(logs, (side) => cellMiddles(region, side), theme.series.grey, 0.55);
    ground = drawGround(plane, region, theme, wash, points, NAMES);
    drawArrows(ground, region, middles, noise.moves[field], theme.series[SERIES_OF[field]], plane.clientWidth);
    nameAxes(ground, theme, NAMES, plane.clientWidth);
    grounded = key;
    return ground;
  }

  /** @param {Record<string, number[][]>} ways @param {"exact" | "learned"} field @param {number} step */
  function drawClimb(ways, field, step) {
    const heights = Object.entries(ways).map(
      ([name, way]) => [name, way.map((place) => mixtureAt(noise.components, place).logDensity)],
    );
    const all = /** @type {number[]} */ (heights.flatMap(([, values]) => values));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = Math.max(0.5, 0.08 * (high - low));
    const chart = new Chart(climb, theme, {
      x: { range: [0, steps], name: "step" },
      y: { range: [low - room, high + room], name: "log p of the noised density (nats)", most: 5 },
    });
    for (const [name, values] of /** @type {["exact" | "learned", number[]][]} */ (heights)) {
      const own = name === field;
      chart.curve(
        values.map((value, k) => [k, value]),
        { colour: theme.series[SERIES_OF[name]], width: own ? 2.5 : 1.5, opacity: own ? 1 : 0.6 },
      );
      if (own) chart.dot([step, values[step]], { colour: theme.series.red, radius: 5, ring: theme.paper });
    }
  }

  function draw() {
    if (!plane.width || !climb.width) return;
    const [std, field] = [model.get("std"), network ? model.get("field") : "exact"];
    const step = Math.max(0, Math.min(steps, Math.round(model.get("step"))));
    if (noise.std !== std) noise = atNoise(std);
    const start = [model.get("at1"), model.get("at2")];
    /** @type {Record<string, number[][]>} */
    const ways = {};
    for (const name of network ? FIELDS : ["exact"]) {
      ways[name] = followed(noise.denoise[name], start, rate, steps);
    }
    const way = ways[field];
    const at = way[step];
    const goal = noise.denoise[field](at);
    const context = plane.getContext("2d");
    context?.drawImage(drawnGround(field), 0, 0);
    drawTrail(plane, region, way, { colour: theme.series.red, width: 1.5, opacity: 0.5, dash: [2, 4] });
    drawTrail(plane, region, way.slice(0, step + 1), { colour: theme.series.red, width: 3 });
    drawSpot(plane, region, start, { colour: theme.series.red, radius: 6, fill: theme.paper });
    drawTrail(plane, region, [at, goal], { colour: theme.text, width: 1.75 });
    drawSpot(plane, region, goal, { colour: theme.text, radius: 4 });
    drawSpot(plane, region, at, { colour: theme.paper, radius: 7, fill: theme.series.red });
    drawClimb(ways, field, step);
    which?.show(FIELDS.indexOf(field));
    tell(at, start, goal, std, field, step);
  }

  /** @param {number[]} at @param {number[]} start @param {number[]} goal @param {number} std @param {string} field @param {number} step */
  function tell(at, start, goal, std, field, step) {
    const { score, logDensity } = mixtureAt(noise.components, at);
    const before = mixtureAt(clean, at).score;
    const learned = away(learnedAt([at], std), [at])[0].map((value) => value / (std * std));
    const texts = {
      place: pair(at),
      density: Math.exp(logDensity).toPrecision(3),
      exact: pair(score),
      clean: pair(before),
      change: shown(cosine(score, before), 3),
      ...(network && {
        learned: pair(learned),
        cosine: shown(cosine(score, learned), 3),
        over: `${shown(noise.over.mean, 3)}, lowest ${shown(noise.over.lowest)}`,
      }),
    };
    const where = `After ${step} steps along the ${field} field the particle dropped at ${pair(start)} is at ${pair(at)}`;
    const sentence = `${where}, where the density is ${texts.density}${network ? ` and the cosine ${texts.cosine}` : ""}.`;
    numbers.show(texts, sentence);
    announcePlace(plane, region, start, `x₁ ${shown(start[0])}, x₂ ${shown(start[1])}`);
    clearTimeout(tellLater);
    tellLater = setTimeout(() => {
      climb.setAttribute("aria-label", `Log-density along the path, ${shown(logDensity)} nats now. ${sentence}`);
      plane.setAttribute(
        "aria-description",
        `Noise of standard deviation ${shown(std)}. ${where}; the denoiser sends it to ${pair(goal)}.`,
      );
    }, TELL_LATER_MS);
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
    assign({ step: 0 });
    run.start();
  };
  const moveTo = (/** @type {number[]} */ place) => {
    run.stop();
    const [at1, at2] = place.map((value, i) => {
      const inside = Math.min(region[i] + region[2], Math.max(region[i] - region[2], value));
      return Math.round(100 * inside) / 100;
    });
    assign({ at1, at2, step: 0 });
  };
  drop.addEventListener("click", () => (run.isRunning() ? run.stop() : dropIt()));
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
  const traits = ["at1", "at2", "std", "step", "field"];
  keepDrawn(root, model, { traits, canvases: [plane, climb], draw, restyle }, signal);
  return () => {
    clearTimeout(tellLater);
    stop.abort();
  };
}

export default { render };
