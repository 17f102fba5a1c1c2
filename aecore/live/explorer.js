/**
 * LatentExplorer's view: a pad with the encoded data, the decoded image of the point z, and a grid of decoded images.
 *
 * What: the model's traits z1 ... zd, centre1, centre2 and extent are the whole state; sliders outside are linked to
 * them, so every way of moving z (mouse, touch, keys, slider, kernel) meets in one place. Why: the decoder runs here, so
 * nothing needs a kernel. Decoding one image takes a fraction of a millisecond and is done at once; the grid needs
 * a hundred, so it is filled a few milliseconds per frame, and a drag stays smooth.
 */
import { element, framePacer, keepSharp, nameSliders, onThemeChange, readTheme, Sheet, shown } from "./canvas.js";
import { sharedNetwork } from "./decoder.js";
import { describePlace, drawMarker, drawPoints, readPoints } from "./pad.js";

const GRID_BUDGET_MS = 6;
const GRID_BATCH = 4;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {string} caption @param {string} className @param {Record<string, string>} attributes */
function panel(caption, className, attributes) {
  const figure = element("div", "aecore-panel");
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", className, attributes));
  const heading = element("div", "aecore-caption");
  heading.textContent = caption;
  figure.append(heading, canvas);
  return { figure, canvas };
}

/** @param {{model: any, el: HTMLElement}} view */
async function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const [height, width] = model.get("image_shape");
  const names = model.get("coordinates");
  const [across, up] = model.get("axes");
  const region = model.get("region");
  const step = model.get("step");
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const cells = model.get("cells");
  const points = readPoints(model);

  const root = element("div", "aecore-view aecore-explorer-view", { role: "group" });
  root.setAttribute("aria-label", model.get("label"));
  const plane = `${names[across]} and ${names[up]}`;
  const control = { tabindex: "0", role: "slider", "aria-roledescription": "two-dimensional slider" };
  const pad = panel(model.get("captions")[0], "aecore-pad", {
    ...control,
    "aria-label": `Code z, ${plane}: arrow keys move it, Shift for larger steps, Home for the centre`,
  });
  const image = panel(model.get("captions")[1], "aecore-image", { role: "img" });
  const grid = panel(model.get("captions")[2], "aecore-grid", {
    ...control,
    "aria-label": `Grid of decoded images over ${plane}: arrow keys move z by one image`,
  });
  const panels = element("div", "aecore-panels");
  panels.append(pad.figure, image.figure, grid.figure);
  const readout = element("div", "aecore-readout", { "aria-hidden": "true" });
  const status = element("div", "aecore-sr-only", { role: "status" });
  root.append(panels, readout, status);
  el.append(root);

  let theme = readTheme(root);
  const single = new Sheet(width, height);
  const sheet = new Sheet(width, height, cells, cells);
  const latent = names.map((/** @type {string} */ _, /** @type {number} */ i) => `z${i + 1}`);
  const z = new Float32Array(network.latentDim);
  const batch = new Float32Array(network.latentDim * GRID_BATCH);
  /** @type {HTMLCanvasElement | null} */
  let pointLayer = null;
  let pendingCells = cells * cells;
  let nextCell = 0;
  /** @type {number[] | null} */
  let target = null;
  let speak = 0;

  const limits = [0, 1].map((i) => [region[i] - region[2], region[i] + region[2]]);
  /** Move z in the plane of the pad, kept inside its limits and on the sliders' steps. @param {number[]} to */
  const moveTo = (to) => {
    [across, up].forEach((axis, i) => {
      const [low, high] = limits[i];
      const value = Math.min(high, Math.max(low, low + Math.round((to[i] - low) / step) * step));
      model.set(latent[axis], Number(value.toFixed(10)));
    });
    model.save_changes();
  };
  const here = () => [model.get(latent[across]), model.get(latent[up])];
  const gridWindow = () => [model.get("centre1"), model.get("centre2"), model.get("extent")];

  function fillGrid() {
    const [c1, c2, extent] = gridWindow();
    const began = performance.now();
    while (pendingCells > 0 && performance.now() - began < GRID_BUDGET_MS) {
      const count = Math.min(GRID_BATCH, pendingCells);
      for (let b = 0; b < count; b++) {
        const cell = (nextCell + b) % (cells * cells);
        batch.set(z, b * z.length);
        batch[b * z.length + across] = c1 + extent * ((2 * (cell % cells) + 1) / cells - 1);
        batch[b * z.length + up] = c2 - extent * ((2 * Math.floor(cell / cells) + 1) / cells - 1);
      }
      const pixels = network.decode(batch, count);
      for (let b = 0; b < count; b++) {
        const cell = (nextCell + b) % (cells * cells);
        sheet.paint(pixels, b * width * height, theme, cell % cells, Math.floor(cell / cells));
      }
      nextCell = (nextCell + count) % (cells * cells);
      pendingCells -= count;
    }
  }

  function draw() {
    if (target) {
      moveTo(target);
      target = null;
    }
    latent.forEach((name, i) => (z[i] = model.get(name)));
    if (image.canvas.width && pad.canvas.width) {
      single.paint(network.decode(z), 0, theme);
      single.drawOn(image.canvas, false);
      pointLayer ??= drawPoints(pad.canvas, points, region, theme, [names[across], names[up]]);
      drawMarker(pad.canvas, pointLayer, here(), region, theme, gridWindow());
      if (pendingCells > 0) fillGrid();
      sheet.drawOn(grid.canvas, true);
      drawMarker(grid.canvas, null, here(), gridWindow(), theme, null);
    }
    if (pendingCells > 0) queueMicrotask(ask);
  }

  function tell() {
    const place = describePlace(here(), points);
    status.textContent = `z is ${spoken()}. ${place}`;
    image.canvas.setAttribute("aria-label", `Decoded image at z ${spoken()}. ${place}`);
  }
  const spoken = () => names.map((n, i) => `${n} ${shown(model.get(latent[i]), digits)}`).join(", ");

  function describe() {
    const values = latent.map((name) => shown(model.get(name), digits)).join(", ");
    readout.textContent = `z = (${values})`;
    for (const { canvas } of [pad, grid]) {
      const [low, high] = limits[0];
      canvas.setAttribute("aria-valuemin", String(low));
      canvas.setAttribute("aria-valuemax", String(high));
      canvas.setAttribute("aria-valuenow", String(here()[0]));
      canvas.setAttribute("aria-valuetext", spoken());
    }
    clearTimeout(speak);
    speak = setTimeout(tell, 700);
  }

  const ask = framePacer(root, draw, signal);
  const refill = () => {
    pendingCells = cells * cells;
    ask();
  };
  latent.forEach((name, i) => {
    const moved = () => {
      if (i !== across && i !== up) pendingCells = cells * cells;
      describe();
      ask();
    };
    model.on(`change:${name}`, moved);
    signal.addEventListener("abort", () => model.off(`change:${name}`, moved));
  });
  for (const name of ["centre1", "centre2", "extent"]) {
    model.on(`change:${name}`, refill);
    signal.addEventListener("abort", () => model.off(`change:${name}`, refill));
  }

  for (const [part, windowOf] of [
    [pad.canvas, () => region],
    [grid.canvas, gridWindow],
  ]) {
    const at = (/** @type {PointerEvent} */ event) => {
      const box = part.getBoundingClientRect();
      const [c1, c2, extent] = windowOf();
      return [
        c1 + extent * ((2 * (event.clientX - box.left)) / box.width - 1),
        c2 - extent * ((2 * (event.clientY - box.top)) / box.height - 1),
      ];
    };
    part.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      part.setPointerCapture(event.pointerId);
      part.focus({ preventScroll: true });
      target = at(event);
      ask();
      event.preventDefault();
    });
    part.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!part.hasPointerCapture(event.pointerId)) return;
      target = at(event);
      ask();
    });
    part.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const direction = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
      if (event.altKey || event.ctrlKey || event.metaKey || !(direction || event.key === "Home")) return;
      event.preventDefault();
      event.stopPropagation();
      const [c1, c2, extent] = windowOf();
      const stride = part === grid.canvas ? (2 * extent) / cells : region[2] / 50;
      const by = event.shiftKey ? 5 * stride : stride;
      moveTo(direction ? here().map((value, i) => value + by * direction[i]) : [c1, c2]);
    });
  }

  const restyle = () => {
    theme = readTheme(root);
    pointLayer = null;
    refill();
  };
  onThemeChange(restyle, signal);
  keepSharp([pad.canvas, image.canvas, grid.canvas], () => ((pointLayer = null), ask()), signal);
  nameSliders(root, ".aecore-live", signal);
  describe();
  tell();
  ask();
  return () => {
    clearTimeout(speak);
    stop.abort();
  };
}

export default { render };
