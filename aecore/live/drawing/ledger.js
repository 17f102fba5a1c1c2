/**
 * The ELBO as a ledger: each row begins where a sum stands and ends where it stands after it.
 *
 * What: reconstruction, minus the KL to the prior, is the ELBO; plus the gap, it is log p(x). The
 * rows' numbers are rounded so that they add up as they are read. Why bars on one line of nats, not a
 * pile: most of these numbers are negative, and a negative number has no height.
 */
import { Chart } from "./chart.js";
import { shown } from "../maths/numbers.js";

const DIGITS = 3;

/**
 * @typedef {{evidence: number, elbo: number, gap: number, reconstruction: number, rate: number}} Pieces
 * @typedef {{key: keyof Pieces, sign: string, from: number, to: number, value: number}} Row
 */

/**
 * The rows from top to bottom; `from` and `to` in nats.
 * @param {Pieces} pieces @returns {Row[]}
 */
export function ledgerRows({ evidence, elbo, gap, reconstruction, rate }) {
  return [
    { key: "reconstruction", sign: "", from: 0, to: reconstruction, value: reconstruction },
    { key: "rate", sign: "− ", from: reconstruction, to: reconstruction - rate, value: rate },
    { key: "elbo", sign: "= ", from: 0, to: elbo, value: elbo },
    { key: "gap", sign: "+ ", from: elbo, to: elbo + gap, value: gap },
    { key: "evidence", sign: "= ", from: 0, to: evidence, value: evidence },
  ];
}

/**
 * The numbers as text: log p(x) and both divergences are rounded, the ELBO and the reconstruction follow from
 * these, so they are off by at most 0.001 and 0.0015.
 * @param {Pieces} pieces @returns {Record<keyof Pieces, string>}
 */
export function ledgerTexts({ evidence, gap, rate }) {
  const unit = 10 ** DIGITS;
  const [whole, lack, cost] = [evidence, gap, rate].map((value) => Math.round(unit * value));
  const text = (/** @type {number} */ count) => shown(count / unit, DIGITS);
  return {
    evidence: text(whole),
    gap: text(lack),
    rate: text(cost),
    elbo: text(whole - lack),
    reconstruction: text(whole - lack + cost),
  };
}

/** Ends of a line of nats that log p(x) never leaves, with 5 nats of room for what is below it. @param {number} least log p(x) where it is least @param {number} noiseStd */
export function ledgerRange(least, noiseStd) {
  const most = -0.5 * Math.log(2 * Math.PI * noiseStd * noiseStd);
  return [Math.floor(least - 5), Math.max(0, most) + 0.5];
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("./chart.js").ChartTheme} theme @param {Pieces} pieces
 * @param {number[]} range of nats @param {Record<string, {name: string, series: string}>} styles by key
 */
export function drawLedger(canvas, theme, pieces, range, styles) {
  const rows = ledgerRows(pieces);
  const texts = ledgerTexts(pieces);
  const y = { range: [-0.25, rows.length], ticks: /** @type {false} */ (false) };
  const chart = new Chart(canvas, theme, { x: { range, name: "nats" }, y });
  const last = rows.length - 1;
  // Down from where a row ends to where the next sum is read.
  const guide = (/** @type {number} */ at, /** @type {number} */ top, /** @type {number} */ bottom, /** @type {string} */ series) =>
    chart.segment([at, last - top + 0.5], [at, last - bottom], { colour: theme.series[series], width: 1, dash: [3, 3] });
  guide(pieces.reconstruction, 0, 1, styles.reconstruction.series);
  guide(pieces.elbo, 1, 3, styles.elbo.series);
  for (const [i, { key, sign, from, to }] of rows.entries()) {
    const { name, series } = styles[key];
    const [colour, at] = [theme.series[series], last - i];
    const ends = [Math.min(from, to), Math.max(from, to)];
    chart.box([ends[0], at], [ends[1], at + 0.42], { colour, opacity: 0.8 });
    chart.segment([to, at - 0.06], [to, at + 0.48], { colour, width: 3 });
    if (ends[0] < range[0]) offPage(chart, at + 0.21, ends[1] > range[0] ? theme.paper : theme.muted);
    chart.note(`${sign}${name}`, [range[0], at + 0.68], { dx: 0 });
    chart.note(texts[key], [range[1], at + 0.68], { align: "right", dx: 0 });
  }
  // log p(x): drawn through all rows, because nothing but x moves it.
  chart.vertical(pieces.evidence, { colour: theme.series[styles.evidence.series], width: 1.75 });
}

/** A mark at the left edge: this bar goes on there. @param {Chart} chart @param {number} row @param {string} colour */
function offPage(chart, row, colour) {
  const { context, plot, unit } = chart;
  context.strokeStyle = colour;
  context.lineWidth = 2 * unit;
  for (const shift of [4, 9]) {
    context.beginPath();
    context.moveTo(plot.left + (shift + 5) * unit, chart.py(row) - 5 * unit);
    context.lineTo(plot.left + shift * unit, chart.py(row));
    context.lineTo(plot.left + (shift + 5) * unit, chart.py(row) + 5 * unit);
    context.stroke();
  }
}
