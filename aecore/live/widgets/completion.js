/**
 * CompletionExplorer's view: paint the visible part of an image, and several completions answer.
 *
 * What: the traits example, painted, seed and spread are the state; `painted` is empty while the
 * visible pixels are the example's own. Why frozen noise: each completion keeps its own z while the
 * reader draws, so that what changes in it is the answer to the pen. Pointer and keys both end in
 * strokes on one grid of pixels, which goes into `painted` once a frame.
 */
import { middlePixel, nextPixel, strokeOn } from "../controls/brush.js";
import { toolButton } from "../controls/buttons.js";
import { choices, wordFace } from "../controls/choices.js";
import { onKeys, presses } from "../controls/keys.js";
import { greysOf, picturePicker } from "../controls/pictures.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView } from "../controls/view.js";
import { element, panel, readTheme, Sheet, strokeMark } from "../drawing/canvas.js";
import { drawEdges, hatch } from "../drawing/hatch.js";
import { keepDrawn, whenChanged } from "../drawing/redraw.js";
import {
  completed,
  decoderInputs,
  edgesOf,
  nearestDraw,
  partOf,
  sameBytes,
  spreadOfDraws,
} from "../maths/completions.js";
import { sharedNetwork } from "../maths/decoder.js";
import { normalNoise } from "../maths/noise.js";
import { shown } from "../maths/numbers.js";

const TOOLS = [
  { name: "Draw", radius: 1.2, ink: 1 },
  { name: "Rub out", radius: 2, ink: 0 },
];
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SEEDS = 100;
const PAINT_LABEL =
  "Visible part of the image. Arrow keys move the pen, Space or Enter uses it, " +
  "Shift with an arrow key uses it on the way";

/** The parts of the view. @param {HTMLElement} root @param {any} model */
function buildCompletion(root, model) {
  const stage = element("div", "aecore-panels is-completion");
  const paper = panel("Visible part: draw here", "aecore-paint", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "drawing area",
    "aria-label": PAINT_LABEL,
  });
  const draws = element("div", "aecore-panel aecore-draws");
  const heading = element("div", "aecore-caption");
  heading.textContent = "Completions: each its own draw of z";
  const tiles = element("div", "aecore-tiles", { role: "img", "aria-label": "Completions" });
  const canvases = Array.from({ length: model.get("draws") }, () => {
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-still"));
    tiles.append(canvas);
    return canvas;
  });
  draws.append(heading, tiles);
  const tools = element("div", "aecore-tools aecore-painting");
  const pen = element("div", "aecore-sr-only", { role: "status" });
  stage.append(paper.figure, draws, tools);
  return { stage, paper: paper.canvas, tiles, canvases, tools, pen };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const shape = model.get("image_shape");
  const [height, width] = shape;
  const size = height * width;
  const names = model.get("names");
  const [latentDim, draws] = [model.get("latent_dim"), model.get("draws")];
  const mask = Uint8Array.from(greysOf(model.get("mask")), (value) => (value > 0 ? 1 : 0));
  const greys = greysOf(model.get("thumbnails"));
  const edges = edgesOf(mask, shape);
  const { stage, paper, tiles, canvases, tools, pen } = buildCompletion(root, model);

  const unpainted = () => new DataView(new ArrayBuffer(0));
  let tool = TOOLS[0];
  const picker = picturePicker("Begin with", names, greys, shape, (example) => assign(model, { example }));
  picker.set.classList.add("aecore-beginnings");
  const pens = choices(
    "Pen",
    TOOLS.map(({ name }) => ({ name, face: wordFace(name) })),
    (index) => (tool = TOOLS[index]),
  );
  pens.show(0);
  tools.append(
    pens.set,
    toolButton("Clear", () => {
      image.fill(0);
      used = true;
      ask();
    }),
    toolButton("Start again", () => assign(model, { painted: unpainted() })),
    toolButton("New draws", () => assign(model, { seed: (Math.round(model.get("seed")) + 1) % SEEDS })),
  );
  const numbers = readouts(
    [
      { key: "apart", name: "spread of the completions, per hidden pixel (rms)" },
      { key: "nearest", name: "nearest of them to the true hidden part (rms error)" },
    ],
    signal,
  );
  root.append(picker.set, stage, numbers.list, pen);

  let theme = readTheme(root);
  const sheet = new Sheet(width, height);
  // The grey levels that the pen works on, and whether it has since they were last sent.
  const image = new Float32Array(size);
  let used = false;
  /** @type {DataView | null} */
  let own = null;
  let cursor = middlePixel(mask, shape);
  // Only then is the cursor shown.
  let byKeys = true;
  /** @type {number[] | null} */
  let last = null;

  const exampleNow = () => greys.subarray(model.get("example") * size, (model.get("example") + 1) * size);

  /** Take the visible pixels from the model, or from the example. */
  function load() {
    const painted = model.get("painted");
    // A kernel sends back what it was sent, in a new object, while the pen is already further on.
    if (own && painted.byteLength && sameBytes(painted, own)) return;
    own = null;
    const kept = painted.byteLength ? greysOf(painted) : partOf(exampleNow(), mask, 1);
    used = false;
    let next = 0;
    for (let i = 0; i < size; i++) image[i] = mask[i] ? kept[next++] : 0;
  }

  /** Send them. */
  function send() {
    const bytes = Uint8Array.from(partOf(image, mask, 1), (value) => Math.round(255 * value));
    own = new DataView(bytes.buffer);
    used = false;
    assign(model, { painted: own });
  }

  function drawPaper() {
    sheet.paint(image, 0, theme);
    sheet.drawOn(paper);
    hatch(paper, mask, shape, theme);
    drawEdges(paper, edges, shape, theme.accent);
    if (document.activeElement !== paper || !byKeys) return;
    const context = /** @type {CanvasRenderingContext2D} */ (paper.getContext("2d"));
    const unit = paper.width / paper.clientWidth;
    const at = [((cursor[1] + 0.5) * paper.width) / width, ((cursor[0] + 0.5) * paper.height) / height];
    const radius = ((tool.radius + 0.6) * paper.width) / width;
    strokeMark(context, theme, 2.5 * unit, () => context.arc(at[0], at[1], radius, 0, 2 * Math.PI));
  }

  function draw() {
    if (!paper.width) return;
    if (used) send();
    picker.paint(theme);
    picker.show(model.get("example"));
    drawPaper();
    const visible = partOf(image, mask, 1);
    const noise = normalNoise(Math.round(model.get("seed")), draws * latentDim);
    const hidden = network.decode(decoderInputs(noise, model.get("spread"), visible, draws), draws);
    for (const [k, canvas] of canvases.entries()) {
      sheet.paint(completed(image, hidden, k * network.outputSize, mask), 0, theme);
      sheet.drawOn(canvas);
      drawEdges(canvas, edges, shape, theme.accent);
    }
    const painted = model.get("painted").byteLength > 0;
    const { draw: best, error } = nearestDraw(hidden, partOf(exampleNow(), mask, 0));
    numbers.show({
      apart: shown(spreadOfDraws(hidden, draws), 3),
      nearest: painted ? "unknown once you draw" : `${shown(error, 3)}, number ${best + 1}`,
    });
    const begun = names[model.get("example")];
    tiles.setAttribute(
      "aria-label",
      `${draws} completions of ${painted ? `what is drawn, begun with ${begun}` : begun}`,
    );
  }

  const restyle = () => {
    theme = readTheme(root);
  };
  const reload = () => {
    load();
    ask();
  };
  const another = () => assign(model, { painted: unpainted() });
  load();
  const traits = ["painted", "seed", "spread"];
  const all = [paper, ...canvases, ...picker.faces];
  const ask = keepDrawn(root, model, { traits, canvases: all, draw, restyle }, signal);
  whenChanged(model, ["painted"], reload, signal);
  whenChanged(model, ["example"], another, signal);
  whenChanged(model, ["example"], reload, signal);

  /** Use the pen between two places. @param {number[]} from @param {number[]} to */
  const usePen = (from, to) => {
    strokeOn(image, shape, mask, from, to, tool.radius, tool.ink);
    used = true;
    ask();
  };
  /** @param {PointerEvent} event */
  const placeOf = (event) => {
    const box = paper.getBoundingClientRect();
    const [right, down] = [event.clientX - box.left, event.clientY - box.top];
    return [(right * width) / box.width, (down * height) / box.height];
  };
  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    byKeys = false;
    paper.setPointerCapture(event.pointerId);
    paper.focus({ preventScroll: true });
    last = placeOf(event);
    usePen(last, last);
  });
  paper.addEventListener("pointermove", (event) => {
    if (!last || !paper.hasPointerCapture(event.pointerId)) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const place = placeOf(move);
      usePen(last, place);
      last = place;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) paper.addEventListener(end, () => (last = null));
  paper.addEventListener("focus", ask);
  paper.addEventListener("blur", () => {
    byKeys = true;
    ask();
  });
  /** Move the cursor, or not, and use the pen on the way if it is `down`. @param {number[] | undefined} direction @param {boolean} down */
  const goOn = (direction, down) => {
    byKeys = true;
    const from = cursor;
    if (direction) cursor = nextPixel(mask, shape, cursor, direction);
    const places = [from, cursor].map(([row, column]) => [column + 0.5, row + 0.5]);
    if (down) usePen(places[0], places[1]);
    else ask();
    const grey = Math.round(100 * image[cursor[0] * width + cursor[1]]);
    pen.textContent = `Row ${cursor[0] + 1}, column ${cursor[1] + 1}, ink ${grey} %`;
  };
  onKeys(
    paper,
    (key, shift) => {
      const direction = STEPS[/** @type {keyof typeof STEPS} */ (key)];
      return direction || presses(key) ? () => goOn(direction, shift || !direction) : null;
    },
    signal,
  );
}

export default liveView(render);
