/**
 * LatentExplorer's view: a pad with the encoded data, the decoded image of the point z, and a grid
 * of decoded images.
 *
 * What: the model's traits z1 ... zd, centre1, centre2 and extent are the whole state; sliders
 * outside are linked to them, so every way of moving z (mouse, finger, key, slider, kernel) meets
 * in one place. Why: the decoder runs here, so nothing needs a kernel. One image takes a fraction
 * of a millisecond and is decoded at once; the grid needs a hundred, so it is filled a few
 * milliseconds per frame, evenly over its area, and a drag stays smooth.
 */
import { announcePlace, keptOnSlider, moveOnPlane, planeAttributes } from "../controls/plane.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, framePacer, keepSharp, onThemeChange, panel, readTheme, Sheet } from "../drawing/canvas.js";
import { describePlace, drawMarker, drawPoints, readPoints } from "../drawing/pad.js";
import { whenChanged } from "../drawing/redraw.js";
import { sharedNetwork } from "../maths/decoder.js";
import { shown } from "../maths/numbers.js";

// Milliseconds a frame may spend on the grid: little while its window is being dragged, more once it rests.
const BUDGET_MOVING = 3;
const BUDGET_RESTING = 10;
const REST_AFTER_MS = 120;

/** @param {number} a @param {number} b @returns {number} */
function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A step that visits all of `count` places once before it returns, and jumps about. @param {number} count */
export function scatterStep(count) {
  let step = Math.max(1, Math.round(count * 0.382));
  while (commonDivisor(count, step) !== 1) step++;
  return step;
}

/**
 * The panels and texts of the view. @param {HTMLElement} root @param {any} model
 * @param {string} plane names of the pad's coordinates
 */
function build(root, model, plane) {
  const panels = element("div", "aecore-panels");
  const pad = panel(
    "Code space",
    "aecore-pad",
    planeAttributes(
      `Code z on the map of ${plane}. Arrow keys move it, Shift takes larger steps, Home the centre`,
    ),
  );
  const image = panel("Decoded image", "aecore-image", { role: "img", "aria-label": "Image" });
  const grid = panel(
    "Decoded grid",
    "aecore-grid",
    planeAttributes(`Code z on the grid of images decoded over ${plane}. Arrow keys move it by one image`),
  );
  panels.append(pad.figure, image.figure, grid.figure);
  const readout = element("div", "aecore-readout", { "aria-hidden": "true" });
  const status = element("div", "aecore-sr-only", { role: "status" });
  root.append(panels, readout, status);
  return { pad: pad.canvas, image: image.canvas, grid: grid.canvas, readout, status };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const [height, width] = model.get("image_shape");
  const names = model.get("coordinates");
  const [across, up] = model.get("axes");
  const [region, step, cells] = [model.get("region"), model.get("step"), model.get("cells")];
  const digits = Math.max(0, Math.round(-Math.log10(step)));
  const points = readPoints(model);
  const latent = names.map((/** @type {string} */ _, /** @type {number} */ i) => `z${i + 1}`);
  const { pad, image, grid, readout, status } = build(root, model, `${names[across]} and ${names[up]}`);

  let theme = readTheme(root);
  const single = new Sheet(width, height);
  const sheet = new Sheet(width, height, cells, cells);
  const cellStep = scatterStep(cells * cells);
  let cell = 0;
  // What the next frame has to draw anew.
  const stale = { point: true, map: true, cells: cells * cells };
  const z = new Float32Array(network.latentDim);
  /** @type {HTMLCanvasElement | null} */
  let pointLayer = null;
  /** @type {number[] | null} */
  let target = null;
  const tellLater = whenStill(signal);
  let windowMovedAt = -Infinity;

  const here = () => [model.get(latent[across]), model.get(latent[up])];
  const outline = () => [model.get("centre1"), model.get("centre2"), model.get("extent")];

  /** Move z on the pad's plane, kept inside it and on the sliders' steps. @param {number[]} place */
  function moveTo(place) {
    const [x, y] = place.map((value, i) => keptOnSlider(value, region[i], region[2], step));
    assign(model, { [latent[across]]: x, [latent[up]]: y });
  }

  function fillGrid() {
    const [c1, c2, extent] = outline();
    const code = Float32Array.from(z);
    const now = performance.now();
    const until = now + (now - windowMovedAt < REST_AFTER_MS ? BUDGET_MOVING : BUDGET_RESTING);
    do {
      const [column, row] = [cell % cells, Math.floor(cell / cells)];
      code[across] = c1 + extent * ((2 * column + 1) / cells - 1);
      code[up] = c2 - extent * ((2 * row + 1) / cells - 1);
      sheet.paint(network.decode(code), 0, theme, column, row);
      cell = (cell + cellStep) % (cells * cells);
      stale.cells -= 1;
    } while (stale.cells > 0 && performance.now() < until);
  }

  function draw() {
    if (target) moveTo(target);
    target = null;
    if (!pad.width) return;
    for (const [i, name] of latent.entries()) z[i] = model.get(name);
    if (stale.point) {
      single.paint(network.decode(z), 0, theme);
      single.drawOn(image);
      describe();
    }
    if (stale.map) {
      pointLayer ??= drawPoints(pad, points, region, theme, [names[across], names[up]]);
      pad.getContext("2d")?.drawImage(pointLayer, 0, 0);
      drawMarker(pad, here(), region, theme, outline());
    }
    stale.point = stale.map = false;
    if (stale.cells > 0) fillGrid();
    sheet.drawOn(grid);
    drawMarker(grid, here(), outline(), theme, null);
    if (stale.cells > 0) queueMicrotask(ask);
  }

  const spoken = () =>
    names
      .map((/** @type {string} */ name, /** @type {number} */ i) => `${name} ${shown(z[i], digits)}`)
      .join(", ");

  function describe() {
    const place = describePlace(here(), points);
    const values = Array.from(z, (value) => shown(value, digits)).join(", ");
    readout.textContent = `z = (${values}). ${place}`;
    announcePlace(pad, region, here(), spoken());
    announcePlace(grid, outline(), here(), spoken());
    tellLater(() => {
      image.setAttribute("aria-label", `Decoded image at ${spoken()}`);
      status.textContent = place;
    });
  }

  const ask = framePacer(root, draw, signal);
  const pointMoved = () => {
    stale.point = stale.map = true;
    ask();
  };
  const windowMoved = () => {
    stale.map = true;
    stale.cells = cells * cells;
    windowMovedAt = performance.now();
    ask();
  };
  const planeMoved = () => {
    pointMoved();
    windowMoved();
  };
  for (const [i, name] of latent.entries()) {
    whenChanged(model, [name], i === across || i === up ? pointMoved : planeMoved, signal);
  }
  whenChanged(model, ["centre1", "centre2", "extent"], windowMoved, signal);

  const dragged = (/** @type {number[]} */ place) => {
    target = place;
    ask();
  };
  const shared = { here, dragged, stepped: moveTo };
  moveOnPlane(pad, { ...shared, region: () => region, stride: () => region[2] / 50 }, signal);
  moveOnPlane(grid, { ...shared, region: outline, stride: () => (2 * outline()[2]) / cells }, signal);

  const restyle = () => {
    theme = readTheme(root);
    pointLayer = null;
    planeMoved();
  };
  const resized = () => {
    pointLayer = null;
    pointMoved();
  };
  onThemeChange(restyle, signal);
  keepSharp([pad, image, grid], resized, signal);
}

export default liveView(render);
