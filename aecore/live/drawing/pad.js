/**
 * The pad: a map of the code space with the encoded data on it.
 *
 * What: reads the points that explorer.py packed, paints them once into a layer of their own, then
 * marks z and the window of the grid over a copy of it. Why: two thousand points are too many to
 * paint in every frame; and a class's name stands at its median, so that colour is not the only
 * sign.
 */
import { frameOf, pill, strokeMark, wipe } from "./canvas.js";
import { toFloat32 } from "../maths/decoder.js";
import { shown } from "../maths/numbers.js";

const NEAREST = 10;

/**
 * @typedef {{xy: Float32Array, labels: Uint8Array, classes: string[], colours: string[]}} Points
 *   `xy` holds two numbers per point; a label is an index into classes and colours.
 */

/** @param {any} model @returns {Points} */
export function readPoints(model) {
  const labels = model.get("labels");
  const [c1, c2, extent] = model.get("region");
  const places = toFloat32(model.get("codes"), "float16");
  return {
    xy: places.map((place, i) => (i % 2 ? c2 : c1) + extent * place),
    labels: new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength),
    classes: model.get("classes"),
    colours: model.get("colours"),
  };
}

/** The middle of each class that occurs: [x, y, class]. @param {Points} points @returns {number[][]} */
export function classMedians({ xy, labels, classes }) {
  return classes.flatMap((_, label) => {
    const [xs, ys] = [0, 1].map((axis) =>
      Array.from(labels.keys())
        .filter((i) => labels[i] === label)
        .map((i) => xy[2 * i + axis])
        .sort((a, b) => a - b),
    );
    return xs.length ? [[xs[xs.length >> 1], ys[ys.length >> 1], label]] : [];
  });
}

/**
 * What lies around a place: the commonest class among the nearest points, or "" if there are too few.
 * @param {number[]} at @param {Points} points @returns {string}
 */
export function describePlace(at, { xy, labels, classes }) {
  if (labels.length < NEAREST || !classes.length) return "";
  const distances = new Array(NEAREST).fill(Infinity);
  const owners = new Array(NEAREST).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const distance = (xy[2 * i] - at[0]) ** 2 + (xy[2 * i + 1] - at[1]) ** 2;
    let place = NEAREST - 1;
    if (distance >= distances[place]) continue;
    for (; place > 0 && distances[place - 1] > distance; place--) {
      distances[place] = distances[place - 1];
      owners[place] = owners[place - 1];
    }
    distances[place] = distance;
    owners[place] = labels[i];
  }
  const counts = classes.map((_, label) => owners.filter((owner) => owner === label).length);
  const most = counts.indexOf(Math.max(...counts));
  return `On the map, ${counts[most]} of the ${NEAREST} nearest codes are of class ${classes[most]}.`;
}

/**
 * Three to eight round places for the ticks of an axis. @param {number} low @param {number} high
 * @returns {number[]}
 */
export function ticks(low, high) {
  const most = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = power * (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1);
  const places = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) places.push(k * step);
  return places;
}

/**
 * Push labels apart that would cover each other. @param {number[][]} places [x, y, ...]
 * @param {number} gap
 */
export function spreadOut(places, gap) {
  const moved = places.map(([x, y]) => [x, y]);
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        const [dx, dy] = [moved[i][0] - moved[j][0], moved[i][1] - moved[j][1]];
        const distance = Math.hypot(dx, dy);
        if (distance >= gap) continue;
        const push = (gap - distance) / 2;
        const [ux, uy] = distance > 0 ? [dx / distance, dy / distance] : [1, 0];
        moved[i] = [moved[i][0] + ux * push, moved[i][1] + uy * push];
        moved[j] = [moved[j][0] - ux * push, moved[j][1] - uy * push];
      }
    }
  }
  return moved;
}

/**
 * Paint the lines and numbers of both axes, and leave room for the first one's name.
 * @param {HTMLCanvasElement} canvas @param {number[]} region centre and half-width
 * @param {import("./canvas.js").Theme} theme @param {string[]} names of the two coordinates
 * @param {number} [cssWidth] of the canvas in the page
 */
export function drawAxes(canvas, region, theme, names, cssWidth = canvas.clientWidth) {
  const { context, unit, x, y } = frameOf(canvas, region, cssWidth);
  const { width, height } = canvas;
  const [c1, c2, extent] = region;
  const inset = 5 * unit;
  wipe(canvas, theme);
  context.font = `${10.5 * unit}px ${theme.font}`;
  context.lineWidth = unit;
  const last = Math.min(0.87 * width, width - 4 * inset - 1.2 * context.measureText(names[0]).width);
  for (const [axis, centre] of [c1, c2].entries()) {
    for (const tick of ticks(centre - extent, centre + extent)) {
      const at = Math.round(axis ? y(tick) : x(tick)) + 0.5;
      context.strokeStyle = Math.abs(tick) < 1e-9 ? theme.border : theme.line;
      context.beginPath();
      context.moveTo(axis ? 0 : at, axis ? at : 0);
      context.lineTo(axis ? width : at, axis ? at : height);
      context.stroke();
      if (at < 0.13 * width || at > (axis ? 0.87 * width : last)) continue;
      context.fillStyle = theme.muted;
      context.textAlign = axis ? "left" : "center";
      context.textBaseline = axis ? "middle" : "bottom";
      const text = shown(tick, Math.max(0, -Math.floor(Math.log10(extent)))).replace(/(\.\d*?)0+$/, "$1");
      context.fillText(text.replace(/\.$/, ""), axis ? inset : at, axis ? at : height - inset);
    }
  }
}

/**
 * Write the names of both axes, legible over whatever is there.
 * @param {HTMLCanvasElement} canvas @param {import("./canvas.js").Theme} theme @param {string[]} names
 * @param {number} [cssWidth]
 */
export function nameAxes(canvas, theme, names, cssWidth = canvas.clientWidth) {
  const { context, unit } = frameOf(canvas, [0, 0, 1], cssWidth);
  const inset = 5 * unit;
  context.font = `italic ${12.5 * unit}px ${theme.font}`;
  context.lineWidth = 4 * unit;
  context.lineJoin = "round";
  context.strokeStyle = theme.paper;
  context.fillStyle = theme.text;
  const places = /** @type {[CanvasTextAlign, CanvasTextBaseline, number, number][]} */ ([
    ["right", "bottom", canvas.width - inset, canvas.height - inset],
    ["left", "top", inset, inset],
  ]);
  for (const [i, [align, baseline, x, y]] of places.entries()) {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.strokeText(names[i], x, y);
    context.fillText(names[i], x, y);
  }
}

/**
 * Axes, points and class names in a new canvas of the same size; with a `chosen` class, its points stand
 * out from the others, and there are no names.
 * @param {HTMLCanvasElement} canvas @param {Points} points @param {number[]} region
 * @param {import("./canvas.js").Theme} theme @param {string[]} names @param {number | null} [chosen]
 * @returns {HTMLCanvasElement}
 */
export function drawPoints(canvas, points, region, theme, names, chosen = null) {
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [canvas.width, canvas.height];
  drawAxes(layer, region, theme, names, canvas.clientWidth);
  const { context, unit, x, y } = frameOf(layer, region, canvas.clientWidth);
  const radius = Math.max(1.3, canvas.clientWidth / 180) * unit;
  /**
   * @param {(label: number) => boolean} shows @param {number} opacity @param {number} [size]
   * @param {string} [colour]
   */
  const scatter = (shows, opacity, size = 1, colour) => {
    context.globalAlpha = opacity;
    for (let i = 0; i < points.labels.length; i++) {
      const label = points.labels[i];
      if (!shows(label)) continue;
      context.fillStyle = colour ?? points.colours[label] ?? theme.muted;
      context.beginPath();
      context.arc(x(points.xy[2 * i]), y(points.xy[2 * i + 1]), size * radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  };
  if (chosen === null) scatter(() => true, 0.65);
  else scatter((label) => label !== chosen, 0.7, 1, theme.border);
  scatter((label) => label === chosen, 1, 1.6);
  const medians = chosen === null ? classMedians(points) : [];
  const places = spreadOut(
    medians.map(([a, b]) => [x(a), y(b)]),
    19 * unit,
  );
  for (const [k, [, , label]] of medians.entries()) {
    pill(context, places[k], points.classes[label], points.colours[label], theme, unit);
  }
  nameAxes(layer, theme, names, canvas.clientWidth);
  return layer;
}

/**
 * The ring at z and the outline of the grid's window, where it does not fill the pad.
 * @param {HTMLCanvasElement} canvas @param {number[]} at @param {number[]} region
 * @param {import("./canvas.js").Theme} theme @param {number[] | null} outline centre and half-width
 */
export function drawMarker(canvas, at, region, theme, outline) {
  const { context, unit, x, y } = frameOf(canvas, region);
  if (outline && outline.some((value, i) => Math.abs(value - region[i]) > 1e-6 * region[2])) {
    const [c1, c2, extent] = outline;
    context.strokeStyle = theme.accent;
    context.lineWidth = 1.5 * unit;
    context.setLineDash([5 * unit, 4 * unit]);
    context.strokeRect(
      x(c1 - extent),
      y(c2 + extent),
      x(c1 + extent) - x(c1 - extent),
      y(c2 - extent) - y(c2 + extent),
    );
    context.setLineDash([]);
  }
  strokeMark(context, theme, 3 * unit, () => context.arc(x(at[0]), y(at[1]), 9 * unit, 0, 2 * Math.PI));
}
