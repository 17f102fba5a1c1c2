/**
 * The pad: a map of the code space with the encoded data on it.
 *
 * What: reads the points that explorer.py packed, paints them once into a layer of their own, then marks z and
 * the window of the grid over a copy of it. Why: two thousand points are too many to paint in every frame, and a class's
 * number stands at its median, so that colour is not the only sign.
 */
import { toFloat32 } from "./decoder.js";

/**
 * @typedef {{xy: Float32Array, labels: Uint8Array, classes: string[], colours: string[]}} Points
 */

/** @param {any} model @returns {Points} */
export function readPoints(model) {
  const labels = model.get("labels");
  return {
    xy: toFloat32(model.get("codes"), "float16"),
    labels: new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength),
    classes: model.get("classes"),
    colours: model.get("colours"),
  };
}

/** The middle of each class, by coordinate: [x, y, class] for those that occur. @param {Points} points */
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
 * A sentence on what lies around a place: how the ten nearest encoded examples are labelled.
 * @param {number[]} at @param {Points} points @returns {string}
 */
export function describePlace(at, { xy, labels, classes }) {
  const near = 10;
  if (labels.length < near || !classes.length) return "";
  const order = Array.from(labels.keys())
    .map((i) => [Math.hypot(xy[2 * i] - at[0], xy[2 * i + 1] - at[1]), labels[i]])
    .sort((a, b) => a[0] - b[0])
    .slice(0, near);
  const counts = classes.map((_, label) => order.filter(([, l]) => l === label).length);
  const most = counts.indexOf(Math.max(...counts));
  return `Of the ${near} nearest encoded images, ${counts[most]} are ${classes[most]}.`;
}

/** Round places for the ticks of an axis. @param {number} low @param {number} high */
export function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const places = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) places.push(k * step);
  return places;
}

/**
 * Paint axes, points and class names into a new canvas of the same size.
 * @param {HTMLCanvasElement} canvas @param {Points} points @param {number[]} region centre and half-width
 * @param {import("./canvas.js").Theme} theme @param {string[]} names of the two coordinates
 */
export function drawPoints(canvas, points, region, theme, names) {
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [canvas.width, canvas.height];
  const context = /** @type {CanvasRenderingContext2D} */ (layer.getContext("2d"));
  const unit = canvas.width / canvas.clientWidth;
  const { width: w, height: h } = canvas;
  const [c1, c2, extent] = region;
  const px = (/** @type {number} */ x) => ((x - c1) / extent + 1) * 0.5 * w;
  const py = (/** @type {number} */ y) => (1 - (y - c2) / extent) * 0.5 * h;
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, w, h);

  context.font = `${10 * unit}px system-ui, sans-serif`;
  context.lineWidth = unit;
  const inset = 4 * unit;
  for (const [axis, centre] of [c1, c2].entries()) {
    for (const tick of ticks(centre - extent, centre + extent)) {
      const at = Math.round(axis ? py(tick) : px(tick)) + 0.5;
      context.strokeStyle = theme.line;
      context.beginPath();
      context.moveTo(axis ? 0 : at, axis ? at : 0);
      context.lineTo(axis ? w : at, axis ? at : h);
      context.stroke();
      if (at < 0.1 * w || at > 0.9 * w) continue;
      context.fillStyle = theme.muted;
      context.textAlign = axis ? "left" : "center";
      context.textBaseline = axis ? "middle" : "bottom";
      const label = String(Number(tick.toPrecision(6))).replace("-", "−");
      context.fillText(label, axis ? inset : at, axis ? at : h - inset);
    }
  }

  const radius = Math.max(1.4, w / unit / 170) * unit;
  context.globalAlpha = 0.6;
  for (let i = 0; i < points.labels.length; i++) {
    context.fillStyle = points.colours[points.labels[i]] ?? theme.muted;
    context.beginPath();
    context.arc(px(points.xy[2 * i]), py(points.xy[2 * i + 1]), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;

  context.lineJoin = "round";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `700 ${15 * unit}px system-ui, sans-serif`;
  for (const [x, y, label] of classMedians(points)) {
    context.lineWidth = 4 * unit;
    context.strokeStyle = theme.paper;
    context.strokeText(points.classes[label], px(x), py(y));
    context.fillStyle = theme.text;
    context.fillText(points.classes[label], px(x), py(y));
  }

  context.font = `italic ${12 * unit}px system-ui, sans-serif`;
  context.fillStyle = theme.text;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText(names[0], w - inset, h - inset);
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(names[1], inset, inset);
  return layer;
}

/**
 * The ring at z, over the layer of points (if any), and the outline of the grid's window (if any).
 * @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement | null} layer @param {number[]} at
 * @param {number[]} region @param {import("./canvas.js").Theme} theme @param {number[] | null} frame
 */
export function drawMarker(canvas, layer, at, region, theme, frame) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const unit = canvas.width / canvas.clientWidth;
  const [c1, c2, extent] = region;
  const px = (/** @type {number} */ x) => ((x - c1) / extent + 1) * 0.5 * canvas.width;
  const py = (/** @type {number} */ y) => (1 - (y - c2) / extent) * 0.5 * canvas.height;
  if (layer) context.drawImage(layer, 0, 0);
  if (frame) {
    context.strokeStyle = theme.accent;
    context.lineWidth = 1.5 * unit;
    context.setLineDash([5 * unit, 4 * unit]);
    const [left, top] = [px(frame[0] - frame[2]), py(frame[1] + frame[2])];
    context.strokeRect(left, top, px(frame[0] + frame[2]) - left, py(frame[1] - frame[2]) - top);
    context.setLineDash([]);
  }
  for (const [colour, thickness] of /** @type {[string, number][]} */ ([
    [theme.paper, 5],
    [theme.accent, 2.5],
  ])) {
    context.strokeStyle = colour;
    context.lineWidth = thickness * unit;
    context.beginPath();
    context.arc(px(at[0]), py(at[1]), 8 * unit, 0, 2 * Math.PI);
    context.stroke();
  }
}
