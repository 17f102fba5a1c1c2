/**
 * Charts on a canvas: axes, curves, signed areas, histograms, markers, and a legend beside them.
 *
 * What: `new Chart(canvas, theme, axes)` wipes the canvas and draws the axes; its methods then draw
 * in the data's own coordinates, cut to the plot. A chart holds no state: a view makes a new one in
 * every frame. Why: every widget that shows numbers needs the same dozen strokes, the same type sizes
 * on every screen, and the same colours in light and dark (`chartTheme` reads them from live.css).
 * Lengths in `style` are CSS pixels.
 */
import { element, panel, readTheme, wipe } from "./canvas.js";
import { axisTicks, logTicks, scaleOf, tickTexts } from "../maths/scales.js";

/**
 * @typedef {import("./canvas.js").Theme & {series: Record<string, string>}} ChartTheme
 * @typedef {import("../maths/scales.js").Axis} Axis
 * @typedef {((x: number) => number) | ArrayLike<number>[]} Line a function, or points [x, y]
 * @typedef {{text: string, series: string, kind?: "line" | "dash" | "area" | "dot"}} Entry of a legend; `kind` is the
 *   swatch: a line, a dashed line, an area or a dot
 */

export const SERIES = ["blue", "orange", "purple", "red", "grey"];
const TEXT_SIZE = 11;

/** The colours in force where `root` stands, those of the series too. @param {Element} root @returns {ChartTheme} */
export function chartTheme(root) {
  const style = getComputedStyle(root);
  const series = SERIES.map((name) => [name, style.getPropertyValue(`--aecore-${name}`).trim()]);
  return { ...readTheme(root), series: Object.fromEntries(series) };
}

/**
 * A canvas for a chart with its caption and, of the `entries` if there are any, a legend above; `aspect` is width
 * over height.
 * @param {string} caption @param {string} label for a screen reader @param {number} aspect @param {Entry[]} [entries]
 */
export function chartPanel(caption, label, aspect, entries = []) {
  const made = panel(caption, "aecore-chart", { role: "img", "aria-label": label });
  made.canvas.style.setProperty("--aecore-aspect", String(aspect));
  if (entries.length) made.canvas.before(legend(entries));
  return made;
}

/** A legend as text, which wraps and can be read out. @param {Entry[]} entries */
export function legend(entries) {
  const list = element("div", "aecore-legend");
  for (const { text, series, kind = "line" } of entries) {
    const entry = element("span", "aecore-entry");
    const swatch = element("span", `aecore-swatch is-${kind}`, { "aria-hidden": "true" });
    swatch.style.setProperty("--aecore-swatch", `var(--aecore-${series})`);
    entry.append(swatch, text);
    list.append(entry);
  }
  return list;
}

export class Chart {
  /** @param {HTMLCanvasElement} canvas @param {ChartTheme} theme @param {{x: Axis, y: Axis}} axes */
  constructor(canvas, theme, axes) {
    this.context = wipe(canvas, theme);
    this.theme = theme;
    this.axes = axes;
    this.unit = canvas.width / canvas.clientWidth;
    const { context, unit } = this;
    context.font = `${TEXT_SIZE * unit}px ${theme.font}`;
    const marks = [axes.x, axes.y].map((axis) => this.#marks(axis));
    const widest = Math.max(0, ...marks[1].map(({ text }) => context.measureText(text).width));
    const left = (widest ? 9 : 12) * unit + widest + (widest ? 4 * unit : 0);
    const top = (axes.y.name ? 31 : 12) * unit;
    const bottom = (8 + (marks[0].length ? 14 : 0) + (axes.x.name ? 17 : 0)) * unit;
    /** The plot in bitmap pixels. */
    this.plot = { left, top, right: canvas.width - 13 * unit, bottom: canvas.height - bottom };
    /** From data to bitmap pixels. */
    this.px = scaleOf(axes.x, this.plot.left, this.plot.right);
    this.py = scaleOf(axes.y, this.plot.bottom, this.plot.top);
    this.#drawAxes(marks);
  }

  /** @param {Axis} axis @returns {{value: number, text: string}[]} */
  #marks({ range: [low, high], log, ticks, texts, most }) {
    if (ticks === false) return [];
    const places = ticks ?? (log ? logTicks(low, high, most) : axisTicks(low, high, most));
    const written = texts ?? tickTexts(places);
    return places.map((value, i) => ({ value, text: written[i] }));
  }

  /** @param {{value: number, text: string}[][]} marks */
  #drawAxes(marks) {
    const { context, theme, unit, plot, axes } = this;
    context.lineWidth = unit;
    let free = -Infinity;
    for (const { value, text } of marks[0]) {
      const at = this.px(value);
      const half = context.measureText(text).width / 2;
      this.#stroke(value === 0 && !axes.x.log ? theme.border : theme.line, at, plot.top, at, plot.bottom);
      if (at - half < free) continue;
      free = at + half + 5 * unit;
      this.#write(text, at, plot.bottom + 5 * unit, theme.muted, "center", "top");
    }
    for (const { value, text } of marks[1]) {
      const at = this.py(value);
      this.#stroke(value === 0 && !axes.y.log ? theme.border : theme.line, plot.left, at, plot.right, at);
      this.#write(text, plot.left - 5 * unit, at, theme.muted, "right", "middle");
    }
    this.#stroke(theme.border, plot.left, plot.bottom, plot.right, plot.bottom);
    const edge = 7 * unit;
    if (axes.y.name) this.#write(axes.y.name, edge, edge, theme.text, "left", "top");
    if (axes.x.name) {
      const foot = context.canvas.height - edge;
      this.#write(axes.x.name, plot.right, foot, theme.text, "right", "alphabetic");
    }
  }

  /** @param {string} colour @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
  #stroke(colour, x0, y0, x1, y1) {
    this.context.strokeStyle = colour;
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }

  /**
   * @param {string} text @param {number} x @param {number} y @param {string} colour
   * @param {CanvasTextAlign} align @param {CanvasTextBaseline} baseline
   */
  #write(text, x, y, colour, align, baseline) {
    const { context, theme, unit } = this;
    context.font = `${TEXT_SIZE * unit}px ${theme.font}`;
    [context.fillStyle, context.textAlign, context.textBaseline] = [colour, align, baseline];
    context.fillText(text, x, y);
  }

  /** Draw inside the plot only. @param {() => void} work @param {number} [opacity] */
  inside(work, opacity = 1) {
    const { context, plot } = this;
    context.save();
    context.beginPath();
    context.rect(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
    context.clip();
    context.globalAlpha = opacity;
    work();
    context.restore();
  }

  /** Places of a line in bitmap pixels; a function is taken every two pixels of the page. @param {Line} line */
  #places(line) {
    if (typeof line !== "function") return line.map((point) => [this.px(point[0]), this.py(point[1])]);
    const { left, right } = this.plot;
    const { range, log } = this.axes.x;
    const steps = Math.max(2, Math.ceil((right - left) / (2 * this.unit)));
    return Array.from({ length: steps + 1 }, (_, k) => {
      const share = k / steps;
      const x = log ? range[0] * (range[1] / range[0]) ** share : range[0] + share * (range[1] - range[0]);
      return [left + share * (right - left), this.py(line(x))];
    });
  }

  /** A curve; it is broken where a value is not finite. @param {Line} line @param {{colour: string, width?: number, dash?: number[], opacity?: number}} style */
  curve(line, { colour, width = 2, dash = [], opacity = 1 }) {
    const { context, unit } = this;
    this.inside(() => {
      context.strokeStyle = colour;
      context.lineWidth = width * unit;
      context.lineJoin = "round";
      context.setLineDash(dash.map((length) => length * unit));
      context.beginPath();
      let drawing = false;
      for (const [x, y] of this.#places(line)) {
        const finite = Number.isFinite(x) && Number.isFinite(y);
        if (finite && drawing) context.lineTo(x, y);
        else if (finite) context.moveTo(x, y);
        drawing = finite;
      }
      context.stroke();
    }, opacity);
  }

  /**
   * The area between a curve and 0, in one colour above it and, if given, another below.
   * @param {Line} line @param {{colour: string, below?: string, opacity?: number}} style
   */
  area(line, { colour, below = colour, opacity = 0.3 }) {
    const { context, plot } = this;
    const zero = Math.max(plot.top, Math.min(plot.bottom, this.py(0)));
    const places = this.#places(line).filter((place) => place.every(Number.isFinite));
    if (places.length < 2) return;
    for (const [fill, top, bottom] of /** @type {[string, number, number][]} */ ([
      [colour, plot.top, zero],
      [below, zero, plot.bottom],
    ])) {
      this.inside(() => {
        context.beginPath();
        context.rect(plot.left, top, plot.right - plot.left, bottom - top);
        context.clip();
        context.fillStyle = fill;
        context.beginPath();
        context.moveTo(places[0][0], zero);
        for (const [x, y] of places) context.lineTo(x, y);
        context.lineTo(places[places.length - 1][0], zero);
        context.fill();
      }, opacity);
    }
  }

  /** A rectangle between two corners. @param {number[]} from @param {number[]} to @param {{colour: string, opacity?: number}} style */
  box([x0, y0], [x1, y1], { colour, opacity = 1 }) {
    this.inside(() => {
      this.context.fillStyle = colour;
      const [left, top] = [this.px(x0), this.py(y1)];
      this.context.fillRect(left, top, this.px(x1) - left, this.py(y0) - top);
    }, opacity);
  }

  /** Bars of equal width over [low, high], as `histogram` counts them. @param {ArrayLike<number>} heights @param {number} low @param {number} high @param {{colour: string, opacity?: number}} style */
  bars(heights, low, high, { colour, opacity = 0.45 }) {
    const width = (high - low) / heights.length;
    const outline = [[low, 0]];
    for (let i = 0; i < heights.length; i++) {
      const [from, to] = [low + i * width, low + (i + 1) * width];
      outline.push([from, heights[i]], [to, heights[i]]);
    }
    outline.push([high, 0]);
    this.area(outline, { colour, opacity });
    this.curve(outline, { colour, width: 1.25 });
  }

  /** @param {number[]} from @param {number[]} to @param {{colour: string, width?: number, dash?: number[], opacity?: number}} style */
  segment(from, to, style) {
    this.curve([from, to], { width: 1, ...style });
  }

  /** A dot, not cut at the edge of the plot. @param {number[]} at @param {{colour: string, radius?: number, ring?: string, opacity?: number}} style */
  dot([x, y], { colour, radius = 4, ring = "", opacity = 1 }) {
    const { context, unit } = this;
    context.globalAlpha = opacity;
    context.beginPath();
    context.arc(this.px(x), this.py(y), radius * unit, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    if (ring) {
      context.strokeStyle = ring;
      context.lineWidth = 1.5 * unit;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Words at a place, on a halo of paper; `dx` and `dy` shift them. @param {string} text @param {number[]} at @param {{colour?: string, align?: CanvasTextAlign, dx?: number, dy?: number}} [style] */
  note(text, [x, y], { colour = this.theme.text, align = "left", dx = 6, dy = 0 } = {}) {
    const { context, theme, unit, plot } = this;
    context.font = `${TEXT_SIZE * unit}px ${theme.font}`;
    const room = context.measureText(text).width;
    let at = this.px(x) + (align === "right" ? -dx : dx) * unit;
    if (align === "left" && at + room > plot.right) [at, align] = [this.px(x) - dx * unit, "right"];
    else if (align === "right" && at - room < plot.left) [at, align] = [this.px(x) + dx * unit, "left"];
    [context.textAlign, context.textBaseline, context.lineJoin] = [align, "middle", "round"];
    [context.strokeStyle, context.lineWidth] = [theme.paper, 4 * unit];
    context.strokeText(text, at, this.py(y) + dy * unit);
    this.#write(text, at, this.py(y) + dy * unit, colour, align, "middle");
  }

  /** A line across the plot at x, with words at its top. @param {number} x @param {{colour: string, width?: number, dash?: number[], text?: string, align?: CanvasTextAlign}} style */
  vertical(x, { text = "", align = "left", ...style }) {
    const [low, high] = this.axes.y.range;
    this.segment([x, low], [x, high], { width: 1.75, ...style });
    if (text) this.note(text, [x, high], { colour: style.colour, align, dx: 5, dy: 8 });
  }

  /** A line across the plot at y, with words at its right end. @param {number} y @param {{colour: string, width?: number, dash?: number[], text?: string}} style */
  horizontal(y, { text = "", ...style }) {
    const [low, high] = this.axes.x.range;
    this.segment([low, y], [high, y], { width: 1.75, ...style });
    if (text) this.note(text, [high, y], { colour: style.colour, align: "right", dx: 4, dy: -8 });
  }
}
