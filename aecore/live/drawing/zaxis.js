/**
 * Charts over z that stand below one another, and what their axes need.
 *
 * What: a chart with the ticks of its upright axis inside the plot. Why: then all margins are the same,
 * whatever the numbers, and one z is at one place in all of them.
 */
import { Chart } from "./chart.js";
import { axisTicks, tickTexts } from "../maths/scales.js";

/**
 * @param {HTMLCanvasElement} canvas @param {import("./chart.js").ChartTheme} theme
 * @param {import("../maths/scales.js").Axis} x @param {import("../maths/scales.js").Axis} y
 */
export function chartOverZ(canvas, theme, x, y) {
  const chart = new Chart(canvas, theme, { x, y: { ...y, ticks: false } });
  const places = axisTicks(y.range[0], y.range[1], y.most ?? 5);
  const texts = tickTexts(places);
  for (const [i, at] of places.entries()) {
    chart.horizontal(at, { colour: at === 0 ? theme.border : theme.line, width: 1 });
    const atEdge = y.range.some((end) => Math.abs(chart.py(end) - chart.py(at)) < 10 * chart.unit);
    if (!atEdge) chart.note(texts[i], [x.range[0], at], { colour: theme.muted, dx: 2, dy: -7 });
  }
  return chart;
}

/** The highest and lowest value of f over a range, and 0. @param {(z: number) => number} f @param {number[]} range */
export function extentOf(f, [low, high], steps = 400) {
  let [least, most] = [0, 0];
  for (let i = 0; i <= steps; i++) {
    const value = f(low + ((high - low) * i) / steps);
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
