/**
 * The pictures of a sparse code: the dictionary of its units, the code as bars, and error against units.
 *
 * What: each unit is a cell with its feature, strong where the unit is active for the example and pale
 * where it is not; a cross marks a dead unit, a stroke one that is switched off, a ring the chosen
 * one. Why marks beside colours: a picture must tell them apart without colour, too.
 */
import { Sheet, strokeMark, wipe } from "./canvas.js";
import { Chart } from "./chart.js";
import { largestSize, paintSigned } from "./signed.js";
import { cellsFor } from "../maths/sparsecode.js";

const PALE = 0.5;
const FAINT = 0.25;

/** @typedef {import("./chart.js").ChartTheme} ChartTheme */
/** @typedef {{active: Set<number>, dead: Set<number>, off: Set<number>, chosen: number}} Marks */

/**
 * All features on one sheet, each to its own scale. @param {Float32Array} features @param {number} units
 * @param {number[]} shape height and width of one @param {Uint32Array} shades @returns {Sheet}
 */
export function featureSheet(features, units, [height, width], shades) {
  const [columns, rows] = cellsFor(units);
  const sheet = new Sheet(width, height, columns, rows);
  const size = height * width;
  for (let unit = 0; unit < units; unit++) {
    const most = largestSize(features, unit * size, size);
    paintSigned(sheet, features, unit * size, most, shades, unit % columns, Math.floor(unit / columns));
  }
  return sheet;
}

/**
 * A line across a cell, from one corner to the opposite one.
 * @param {CanvasRenderingContext2D} context @param {number[]} box @param {boolean} rising
 */
function stroke(context, [x, y, w, h], rising) {
  context.beginPath();
  context.moveTo(x, rising ? y + h : y);
  context.lineTo(x + w, rising ? y : y + h);
  context.stroke();
}

/**
 * @param {HTMLCanvasElement} canvas @param {ChartTheme} theme @param {Sheet} sheet @param {number} units
 * @param {Marks} marks
 */
export function drawDictionary(canvas, theme, sheet, units, { active, dead, off, chosen }) {
  const context = wipe(canvas, theme);
  const unit = canvas.width / canvas.clientWidth;
  const [columns, rows] = cellsFor(units);
  const [tileWidth, tileHeight] = sheet.size;
  const [across, down] = [canvas.width / columns, canvas.height / rows];
  const inset = Math.min(2 * unit, 0.06 * across);
  const boxOf = (/** @type {number} */ i) => [
    (i % columns) * across + inset,
    Math.floor(i / columns) * down + inset,
    across - 2 * inset,
    down - 2 * inset,
  ];
  context.imageSmoothingQuality = "high";
  for (let i = 0; i < units; i++) {
    const [x, y, w, h] = boxOf(i);
    const lit = active.has(i) && !off.has(i);
    const [column, row] = [i % columns, Math.floor(i / columns)];
    context.globalAlpha = lit ? 1 : dead.has(i) ? FAINT : PALE;
    context.imageSmoothingEnabled = w < 3 * tileWidth;
    context.drawImage(sheet.canvas, column * tileWidth, row * tileHeight, tileWidth, tileHeight, x, y, w, h);
    context.globalAlpha = 1;
    context.lineWidth = (lit ? 1.5 : 1) * unit;
    context.strokeStyle = lit ? theme.text : theme.line;
    context.strokeRect(x, y, w, h);
    if (dead.has(i)) {
      const third = [x + w / 3, y + h / 3, w / 3, h / 3];
      context.strokeStyle = theme.muted;
      context.lineWidth = 1.5 * unit;
      for (const rising of [true, false]) stroke(context, third, rising);
    }
    if (off.has(i)) {
      context.strokeStyle = theme.series.red;
      context.lineWidth = 2.5 * unit;
      stroke(context, [x, y, w, h], true);
    }
  }
  const [x, y, w, h] = boxOf(chosen);
  strokeMark(context, theme, 3 * unit, () => context.rect(x, y, w, h));
}

/** A range that holds 0 and all values, with some room. @param {ArrayLike<number>} values @returns {number[]} */
export function barRange(values) {
  const [low, high] = [Math.min(0, ...Array.from(values)), Math.max(0, ...Array.from(values))];
  if (high === low) return [0, 1];
  const room = 0.1 * (high - low);
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

/**
 * The code as bars, one place for each unit. @param {HTMLCanvasElement} canvas @param {ChartTheme} theme
 * @param {ArrayLike<number>} code as the encoder gave it @param {Marks} marks @returns {Chart}
 */
export function drawCode(canvas, theme, code, { off, chosen }) {
  const units = code.length;
  const [low, high] = barRange(code);
  const every = units > 60 ? 20 : 10;
  const places = [1, ...Array.from({ length: Math.floor(units / every) }, (_, i) => every * (i + 1))];
  const chart = new Chart(canvas, theme, {
    x: { range: [0.4, units + 0.6], ticks: places, texts: places.map(String), name: "unit" },
    y: { range: [low, high], name: "value of the unit", most: 4 },
  });
  chart.box([chosen + 0.5, low], [chosen + 1.5, high], { colour: theme.accent, opacity: 0.28 });
  for (let i = 0; i < units; i++) {
    if (!code[i]) continue;
    const [from, to] = [Math.min(0, code[i]), Math.max(0, code[i])];
    const colour = off.has(i) ? theme.series.red : i === chosen ? theme.accent : theme.series.blue;
    chart.box([i + 0.58, from], [i + 1.42, to], { colour, opacity: off.has(i) ? 0.25 : 1 });
  }
  return chart;
}

/**
 * Squared error against active units, a dot for each snapshot.
 * @param {HTMLCanvasElement} canvas @param {ChartTheme} theme
 * @param {{active: number, error: number}[]} snapshots @param {number} at the one that is shown
 * @param {{active: number, error: number}} now that one, with what is switched off
 */
export function drawTrade(canvas, theme, snapshots, at, now) {
  const [widest, worst] = [
    Math.max(1, ...snapshots.map(({ active }) => active)),
    Math.max(...snapshots.map(({ error }) => error), now.error) || 1,
  ];
  const chart = new Chart(canvas, theme, {
    x: { range: [0, 1.08 * widest], name: "active units", most: 4 },
    y: { range: [0, 1.12 * worst], name: "squared error", most: 4 },
  });
  const place = (/** @type {{active: number, error: number}} */ { active, error }) => [active, error];
  chart.curve(snapshots.map(place), { colour: theme.series.grey, width: 1.25 });
  for (const snapshot of snapshots) chart.dot(place(snapshot), { colour: theme.series.grey, radius: 3.5 });
  const moved = now.error !== snapshots[at].error || now.active !== snapshots[at].active;
  if (moved) {
    chart.segment(place(snapshots[at]), place(now), { colour: theme.series.red, width: 1.5 });
    chart.dot(place(now), { colour: theme.series.red, radius: 5, ring: theme.text });
  }
  chart.dot(place(snapshots[at]), { colour: theme.accent, radius: moved ? 4 : 5, ring: theme.text });
}
