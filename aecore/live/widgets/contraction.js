/**
 * ContractionExplorer's view: move an image off its place, and see how far each encoder's code moves.
 *
 * What: the traits example, direction (which tangent the map runs along), encoder (whose map), push1 ...
 * pushT and across are the whole state; the sliders outside are linked to the pushes. Why: a contractive
 * encoder is meant to follow the tangents and to ignore what leaves the manifold. Each encoder is
 * measured against the mean distance between its own codes of the examples, because a code that is
 * written smaller moves less without being any less sensitive.
 */
import { toolButton } from "../controls/buttons.js";
import { choices, wordFace } from "../controls/choices.js";
import { numberTable } from "../controls/numbertable.js";
import { picturePicker } from "../controls/pictures.js";
import { announcePlace, keptOnSlider, moveOnPlane, planeAttributes } from "../controls/plane.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel, Sheet } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme, legend } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { drawSensitivity } from "../drawing/sensitivitymap.js";
import { largestSize, paintSigned, readSigned } from "../drawing/signed.js";
import { sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { shown, threeFigures } from "../maths/numbers.js";
import { axisTicks } from "../maths/scales.js";
import {
  distanceBetween,
  lengthOf,
  meanDistance,
  outputAt,
  products,
  pushedAt,
  restricted,
} from "../maths/sensitivity.js";

const SERIES_ORDER = ["blue", "orange", "purple"];
const MAP_SIDE = 37;
const SAMPLES = 40;

const COLUMNS = [
  { key: "moved", name: "code moved" },
  { key: "predicted", name: "Jacobian predicts" },
  { key: "share", name: "÷ mean distance" },
  { key: "ratio", name: "along ÷ across" },
];

/** Zeros with a one at place k. @param {number} k @param {number} count */
const oneHot = (k, count) => Array.from({ length: count }, (_, i) => (i === k ? 1 : 0));

/** The parts of the view. @param {HTMLElement} root @param {string[]} names of the encoders */
function buildContraction(root, names) {
  root.classList.add("aecore-contraction");
  const stage = element("div", "aecore-panels");
  const pad = panel(
    "Move the image",
    "aecore-pad",
    planeAttributes("Move the image along a tangent and across. Arrow keys move it, Shift takes larger steps, Home goes back"),
  );
  const image = panel("The image there", "aecore-image", { role: "img", "aria-label": "Image" });
  const ways = chartPanel("How codes move", "Distances of the codes along the straight way", 1);
  stage.append(pad.figure, image.figure, ways.figure);
  const key = element("div", "aecore-readout", { "aria-hidden": "true" });
  const directions = element("div", "aecore-directions");
  const rows = names.map((name, i) => ({ name, series: SERIES_ORDER[i] }));
  const table = numberTable("How far the code of each encoder moves", "encoder", COLUMNS, rows);
  const lines = legend([
    ...rows.map(({ name, series }) => ({ text: name, series })),
    { text: "as the Jacobian at the image predicts", series: "grey", kind: "dash" },
  ]);
  const status = element("div", "aecore-sr-only", { role: "status" });
  root.append(directions, stage, lines, key, table.table, status);
  return { stage, pad, image: image.canvas, ways: ways.canvas, key, directions, table, status };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const networks = await Promise.all(
    model.get("encoders").map((/** @type {string} */ reference) => sharedNetwork(model.widget_manager, reference)),
  );
  const [height, width] = model.get("image_shape");
  const [size, extent, step] = [height * width, model.get("extent"), model.get("step")];
  const [names, encoderNames, titles] = ["names", "encoder_names", "tangent_names"].map((name) => model.get(name));
  const images = toFloat32(model.get("images"), "float32");
  const vectors = toFloat32(model.get("directions"), "float16");
  const count = titles.length + 1;
  const vectorOf = (/** @type {number} */ example, /** @type {number} */ k) =>
    vectors.subarray((example * count + k) * size, (example * count + k + 1) * size);
  const imageOf = (/** @type {number} */ example) => images.subarray(example * size, (example + 1) * size);
  const scales = networks.map((network) =>
    meanDistance(names.map((/** @type {string} */ _, /** @type {number} */ i) => outputAt(restricted(network, imageOf(i), []), []))),
  );
  const moves = [...titles.map((/** @type {string} */ _, /** @type {number} */ k) => `push${k + 1}`), "across"];

  const view = buildContraction(root, encoderNames);
  const { image, ways } = view;
  const pad = view.pad.canvas;
  const picker = picturePicker("Image", names, images, [height, width], (example) => assign(model, { example }));
  picker.set.classList.add("aecore-examples");
  const tools = element("div", "aecore-tools aecore-flow-tools");
  const whose = choices(
    "Map of",
    encoderNames.map((/** @type {string} */ name) => ({ name, face: wordFace(name) })),
    (encoder) => assign(model, { encoder }),
  );
  const back = toolButton("Back", () => assign(model, Object.fromEntries(moves.map((name) => [name, 0]))));
  back.setAttribute("aria-label", "Back to the image");
  if (encoderNames.length > 1) tools.append(whose.set);
  tools.append(back);
  const faces = Array.from({ length: count }, () => /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-face")));
  const along = choices(
    "Map runs along",
    titles.map((/** @type {string} */ name, /** @type {number} */ k) => {
      const face = element("span", "aecore-titled");
      face.append(faces[k], name);
      return { name, face };
    }),
    (direction) => assign(model, { direction }),
  );
  const normal = element("div", "aecore-normal");
  const across = element("div", "aecore-caption");
  across.textContent = "Across";
  faces[count - 1].setAttribute("role", "img");
  faces[count - 1].setAttribute("aria-label", "The normal direction, a signed image");
  const normalFace = element("span", "aecore-titled");
  normalFace.append(faces[count - 1], "normal");
  normal.append(across, normalFace);
  view.directions.append(along.set, normal);
  view.stage.before(picker.set, tools);

  let theme = chartTheme(root);
  let shades = readSigned(root);
  let facesStale = true;
  const tellLater = whenStill(signal);
  const sheet = new Sheet(width, height);
  /** What the encoders' first layers make of one example and its directions. @type {any} */
  let known = { example: -1 };
  /** The map, and what it was made for. @type {any} */
  let map = { key: "" };

  /** @param {number} example */
  function knownOf(example) {
    const directions = Array.from({ length: count }, (_, k) => vectorOf(example, k));
    const parts = networks.map((network) => restricted(network, imageOf(example), directions));
    const still = new Array(count).fill(0);
    const columns = parts.map((part) => directions.map((_, k) => pushedAt(part, still, oneHot(k, count))));
    return { example, directions, parts, starts: parts.map((part) => outputAt(part, still)), grams: columns.map(products) };
  }
  /** How far the code of an encoder has moved, over the mean distance of its codes. @param {number} which @param {ArrayLike<number>} c */
  const share = (which, c) => distanceBetween(outputAt(known.parts[which], c), known.starts[which]) / scales[which];
  /** What the Jacobian predicts of it. @param {number} which @param {ArrayLike<number>} c */
  const foreseen = (which, c) => lengthOf(known.grams[which], c) / scales[which];

  /** The map over the plane of tangent and normal, and the step between its lines. @param {number[]} c @param {number} direction @param {number} encoder */
  function mapOf(c, direction, encoder) {
    const others = c.map((value, k) => (k === direction || k === count - 1 ? 0 : value));
    const key = [known.example, direction, encoder, ...others].join();
    if (map.key === key) return map;
    const at = (/** @type {number} */ a, /** @type {number} */ b) => {
      const place = others.slice();
      [place[direction], place[count - 1]] = [a, b];
      return place;
    };
    const node = (/** @type {number} */ i) => extent * ((2 * i) / (MAP_SIDE - 1) - 1);
    const places = Array.from({ length: MAP_SIDE * MAP_SIDE }, (_, i) =>
      at(node(i % MAP_SIDE), -node(Math.floor(i / MAP_SIDE))),
    );
    const edge = [-extent, 0, extent].flatMap((a) => [-extent, 0, extent].map((b) => at(a, b)));
    const most = Math.max(1e-9, ...networks.flatMap((_, which) => edge.map((place) => share(which, place))));
    map = {
      key,
      side: MAP_SIDE,
      most,
      spacing: axisTicks(0, most, 9)[1],
      values: places.map((place) => share(encoder, place)),
      linear: places.map((place) => foreseen(encoder, place)),
    };
    return map;
  }

  /** @param {number[]} c @param {number} moved in input space @param {number} direction */
  function drawWays(c, moved, direction) {
    const straight = moved > 0 ? c.map((value) => value / moved) : oneHot(direction, count);
    const reach = Math.max(extent, 1.1 * moved);
    const moments = Array.from({ length: SAMPLES + 1 }, (_, k) => (reach * k) / SAMPLES);
    const curves = networks.map((_, which) => moments.map((s) => share(which, straight.map((v) => v * s))));
    const top = 1.15 * Math.max(1e-9, ...curves.flat());
    const chart = new Chart(ways, theme, {
      x: { range: [0, reach], name: "image moved", most: 5 },
      y: { range: [0, top], name: "code moved", most: 5 },
    });
    for (const [which, values] of curves.entries()) {
      const colour = theme.series[SERIES_ORDER[which]];
      const slope = foreseen(which, straight);
      chart.segment([0, 0], [reach, slope * reach], { colour, width: 1.25, dash: [4, 4], opacity: 0.9 });
      chart.curve(values.map((value, k) => [moments[k], value]), { colour, width: 2.25 });
      chart.dot([moved, share(which, c)], { colour, radius: 5, ring: theme.paper });
    }
  }

  function draw() {
    if (!pad.width || !ways.width) return;
    const [example, direction, encoder] = ["example", "direction", "encoder"].map((name) => model.get(name));
    if (known.example !== example) {
      known = knownOf(example);
      facesStale = true;
    }
    const c = moves.map((name) => model.get(name));
    const there = Float32Array.from(imageOf(example));
    const shift = new Float64Array(size);
    for (const [k, vector] of known.directions.entries()) for (let i = 0; i < size; i++) shift[i] += c[k] * vector[i];
    for (let i = 0; i < size; i++) there[i] += shift[i];
    const moved = distanceBetween(shift);
    picker.paint(theme);
    if (facesStale) {
      for (const [k, vector] of known.directions.entries()) {
        paintSigned(sheet, vector, 0, largestSize(vector), shades);
        sheet.drawOn(faces[k]);
      }
    }
    facesStale = false;
    picker.show(example);
    whose.show(encoder);
    along.show(direction);
    sheet.paint(there, 0, theme);
    sheet.drawOn(image);
    const at = [c[direction], c[count - 1]];
    const axes = [`along ${titles[direction]}`, "across"];
    drawSensitivity(pad, extent, theme, mapOf(c, direction, encoder), at, theme.series[SERIES_ORDER[encoder]], axes);
    drawWays(c, moved, direction);
    tell(c, moved, at, example, direction, encoder);
  }

  /** @param {number[]} c @param {number} moved @param {number[]} at @param {number} example @param {number} direction @param {number} encoder */
  function tell(c, moved, at, example, direction, encoder) {
    const [tangent, leaving] = [direction, count - 1].map((k) => oneHot(k, count));
    const said = [];
    for (const [which, name] of encoderNames.entries()) {
      const far = share(which, c);
      const texts = {
        moved: threeFigures(far * scales[which]),
        predicted: threeFigures(foreseen(which, c) * scales[which]),
        share: shown(far, 3),
        ratio: threeFigures(foreseen(which, tangent) / foreseen(which, leaving)),
      };
      view.table.show(which, texts);
      said.push(`the code of ${name} moved ${texts.moved}, predicted ${texts.predicted}`);
    }
    const place = `${shown(at[0])} along ${titles[direction]}, ${shown(at[1])} across`;
    const walked = `${names[example]} moved by ${shown(moved)}: ${place}`;
    view.key.textContent =
      `Moved by ${shown(moved)}, the image's own length being ${shown(distanceBetween(imageOf(example)), 1)}. ` +
      "On each line of the map the code has moved equally far; it is bold through your place. " +
      "The curves count the code's movement in mean distances between the codes of these images.";
    view.pad.name(`Drag: map of ${encoderNames[encoder]}`);
    announcePlace(pad, [0, 0, extent], at, place);
    tellLater(() => {
      view.status.textContent = `${walked}; ${said.join("; ")}.`;
      image.setAttribute("aria-label", `The image there: ${walked}`);
      ways.setAttribute("aria-label", `How far the codes move along the straight way. Now ${said.join("; ")}`);
    });
  }

  const moveTo = (/** @type {number[]} */ place) => {
    const [a, b] = place.map((value) => keptOnSlider(value, 0, extent, step));
    assign(model, { [moves[model.get("direction")]]: a, across: b });
  };
  moveOnPlane(
    pad,
    {
      region: () => [0, 0, extent],
      stride: () => extent / 40,
      here: () => [model.get(moves[model.get("direction")]), model.get("across")],
      dragged: moveTo,
      stepped: moveTo,
    },
    signal,
  );
  const restyle = () => {
    theme = chartTheme(root);
    shades = readSigned(root);
    facesStale = true;
  };
  const canvases = [pad, image, ways, ...picker.faces, ...faces];
  keepDrawn(root, model, { traits: ["example", "direction", "encoder", ...moves], canvases, draw, restyle }, signal);
}

export default liveView(render);
