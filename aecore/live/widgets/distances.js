/**
 * DistanceExplorer's view: what many dimensions do to distances and to the volume of a ball.
 *
 * What: the traits stop (a place in the list stops of dimensions) and thickness are the whole state.
 * Why all at once: a point's first D coordinates are the same for every D, so the sums of squares of
 * all the stops come out of one pass over the largest D; a drag then only looks them up, and the
 * reader sees the same points in more and more dimensions.
 */
import { readouts } from "../controls/readouts.js";
import { liveView, whenStill } from "../controls/view.js";
import { element, frameOf, panel, wipe } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { uniformNoise } from "../maths/noise.js";
import { shown, threeFigures } from "../maths/numbers.js";
import { histogram } from "../maths/scales.js";

const BALL_POINTS = 400;
const FARTHEST = 3;
const BINS = 60;
const TALLEST = [5, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100];
const LARGEST_DIMENSION = 1000;

/**
 * Distances between all pairs of uniform points of the unit cube, for several dimensions. The point i has the
 * coordinate k at place k * points + i of the stream `seed`; pairs are in the order (0, 1), (0, 2) ... (1, 2) ...
 * @param {number} points @param {number[]} dimensions in ascending order @param {number} seed
 * @returns {Float64Array[]} one for each dimension
 */
export function pairDistances(points, dimensions, seed) {
  const coordinates = uniformNoise(seed, points * dimensions[dimensions.length - 1]);
  const squares = new Float64Array((points * (points - 1)) / 2);
  let k = 0;
  return dimensions.map((dimension) => {
    for (; k < dimension; k++) {
      const from = k * points;
      for (let i = 0, pair = 0; i < points; i++) {
        const own = coordinates[from + i];
        for (let j = i + 1; j < points; j++, pair++) {
          const apart = own - coordinates[from + j];
          squares[pair] += apart * apart;
        }
      }
    }
    return squares.map(Math.sqrt);
  });
}

/** @param {Float64Array} distances */
export function summary(distances) {
  let [nearest, farthest, sum] = [Infinity, 0, 0];
  for (const distance of distances) {
    nearest = Math.min(nearest, distance);
    farthest = Math.max(farthest, distance);
    sum += distance;
  }
  const mean = sum / distances.length;
  return { nearest, farthest, mean, contrast: (farthest - nearest) / nearest };
}

/** Share of the volume of a ball of radius 1 in its outer shell. @param {number} thickness @param {number} dimension */
export function shellShare(thickness, dimension) {
  return -Math.expm1(dimension * Math.log1p(-thickness));
}

/**
 * Uniform points of the ball of radius 1 in D dimensions: the distance of each from the centre, from its share of
 * the volume nearer to the centre. @param {ArrayLike<number>} shares uniform in [0, 1) @param {number} dimension
 */
export function ballRadii(shares, dimension) {
  return Array.from(shares, (share) => share ** (1 / dimension));
}

/** A share, below one, as a percentage that is never rounded to all. @param {number} share */
export function percentage(share) {
  if (share > 0.9995) return "over 99.9 %";
  return `${shown(100 * share, share < 0.1 ? 2 : 1)} %`;
}

/** A distance to three decimals, or to two figures where it is tiny. @param {number} distance */
export function distanceText(distance) {
  return distance < 0.01 ? distance.toPrecision(2) : shown(distance, 3);
}

/** @param {HTMLElement} root */
function distanceFrame(root) {
  root.classList.add("aecore-distances");
  const stage = element("div", "aecore-panels");
  const pairs = chartPanel("Distances between points", "Histogram of distances", 1);
  const ball = panel("The ball and its shell", "aecore-ball", { role: "img", "aria-label": "Ball" });
  const shell = chartPanel("Share of the shell", "Share of the shell", 1);
  stage.append(pairs.figure, ball.figure, shell.figure);
  const note = element("div", "aecore-readout");
  note.textContent = "Each dot: a random point of the ball in D dimensions, at its true distance from the centre.";
  root.append(stage, note);
  return { pairs: pairs.canvas, ball: ball.canvas, shell: shell.canvas };
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme @param {Float64Array} distances
 * @param {ReturnType<typeof summary>} found
 */
function drawDistances(canvas, theme, distances, { nearest, farthest, mean }) {
  const relative = distances.map((distance) => distance / mean);
  const shares = histogram(relative, 0, FARTHEST, BINS).counts.map((count) => (100 * count) / distances.length);
  const most = Math.max(...shares);
  const chart = new Chart(canvas, theme, {
    x: { range: [0, FARTHEST], name: "distance / mean distance", ticks: [0, 1, 2, 3] },
    y: { range: [0, TALLEST.find((top) => top > 1.2 * most) ?? 100], name: "pairs (%)", most: 5 },
  });
  chart.bars(shares, 0, FARTHEST, { colour: theme.series.blue });
  const style = { colour: theme.text, dash: [3, 3], width: 1.25 };
  chart.vertical(nearest / mean, { ...style, text: "nearest", align: "right" });
  chart.vertical(farthest / mean, { ...style, text: "farthest" });
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme
 * @param {number[]} shell the dimension, and the thickness of the shell
 * @param {number[]} radii @param {ArrayLike<number>} turns direction of each point, from 0 to 1
 */
function drawBall(canvas, theme, [dimension, thickness], radii, turns) {
  const { unit, x, y } = frameOf(canvas, [0, 0, 1.09]);
  const context = wipe(canvas, theme);
  const scale = x(1) - x(0);
  const shade = theme.series.orange;
  const disc = (/** @type {number} */ radius) => {
    context.beginPath();
    context.arc(x(0), y(0), Math.max(0, radius * scale), 0, 2 * Math.PI);
  };
  disc(1);
  context.fillStyle = shade;
  context.globalAlpha = 0.22;
  context.fill();
  disc(1 - thickness);
  context.globalAlpha = 1;
  context.fillStyle = theme.paper;
  context.fill();
  context.lineWidth = unit;
  context.strokeStyle = shade;
  context.stroke();
  disc(1);
  context.stroke();
  for (const [i, radius] of radii.entries()) {
    const angle = 2 * Math.PI * turns[i];
    context.beginPath();
    context.arc(x(radius * Math.cos(angle)), y(radius * Math.sin(angle)), 1.8 * unit, 0, 2 * Math.PI);
    context.fillStyle = radius > 1 - thickness ? shade : theme.muted;
    context.fill();
  }
  context.strokeStyle = context.fillStyle = theme.text;
  context.font = `${11 * unit}px ${theme.font}`;
  [context.textAlign, context.textBaseline] = ["left", "top"];
  const text = `D = ${dimension}`;
  // In the corner, where it does not reach the ball.
  if (canvas.clientWidth > 200) context.fillText(text, 7 * unit, 7 * unit);
  context.beginPath();
  context.moveTo(x(0) - 3.5 * unit, y(0));
  context.lineTo(x(0) + 3.5 * unit, y(0));
  context.moveTo(x(0), y(0) - 3.5 * unit);
  context.lineTo(x(0), y(0) + 3.5 * unit);
  context.stroke();
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme @param {number} thickness
 * @param {number} dimension
 */
function drawShell(canvas, theme, thickness, dimension) {
  const colour = theme.series.orange;
  const share = (/** @type {number} */ d) => 100 * shellShare(thickness, d);
  const chart = new Chart(canvas, theme, {
    x: { range: [1, 1.2 * LARGEST_DIMENSION], log: true, name: "dimension D" },
    y: { range: [0, 105], name: "volume in the shell (%)", ticks: [0, 25, 50, 75, 100] },
  });
  chart.area(share, { colour, opacity: 0.18 });
  chart.curve(share, { colour });
  chart.segment([dimension, 0], [dimension, share(dimension)], { colour: theme.text, dash: [3, 3], width: 1.25 });
  chart.dot([dimension, share(dimension)], { colour, radius: 5, ring: theme.text });
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
function render({ model, root, signal }) {
  const { pairs, ball, shell } = distanceFrame(root);
  const [count, seed, stops] = [model.get("points"), model.get("seed"), model.get("stops")];
  const table = pairDistances(count, stops, seed);
  const found = table.map(summary);
  const noise = uniformNoise(seed + 1, 2 * BALL_POINTS);
  const [shares, turns] = [noise.subarray(0, BALL_POINTS), noise.subarray(BALL_POINTS)];
  const numbers = readouts(
    [
      { key: "nearest", name: "nearest pair" },
      { key: "farthest", name: "farthest pair" },
      { key: "contrast", name: "relative contrast" },
      { key: "share", name: "volume in the shell" },
      { key: "inside", name: "dots in the shell" },
    ],
    signal,
  );
  root.append(numbers.list);
  let theme = chartTheme(root);
  const tellLater = whenStill(signal);

  function draw() {
    if (!pairs.width || !ball.width || !shell.width) return;
    const at = Math.max(0, Math.min(stops.length - 1, Math.round(model.get("stop"))));
    const [dimension, thickness] = [stops[at], model.get("thickness")];
    const radii = ballRadii(shares, dimension);
    const { nearest, farthest, contrast } = found[at];
    drawDistances(pairs, theme, table[at], found[at]);
    drawBall(ball, theme, [dimension, thickness], radii, turns);
    drawShell(shell, theme, thickness, dimension);
    const inside = radii.filter((radius) => radius > 1 - thickness).length;
    const volume = percentage(shellShare(thickness, dimension));
    const told = {
      nearest: distanceText(nearest),
      farthest: distanceText(farthest),
      contrast: threeFigures(contrast),
      share: volume,
      inside: `${inside} of ${BALL_POINTS}`,
    };
    const where = `In ${dimension} ${dimension === 1 ? "dimension" : "dimensions"}`;
    const distances = `${where}, the distances between ${count} random points go from ${told.nearest} to ${told.farthest}`;
    const outer = `a shell of ${shown(100 * thickness, 0)} % of the radius holds ${volume} of the ball's volume`;
    numbers.show(told, `${distances}: relative contrast ${told.contrast}; ${outer}.`);
    tellLater(() => {
      pairs.setAttribute("aria-label", `Histogram: ${distances}`);
      ball.setAttribute("aria-label", `A ball with its shell, and ${told.inside} dots in the shell`);
      shell.setAttribute("aria-label", `Curve over the dimension. ${where}, ${outer}`);
    });
  }

  const canvases = [pairs, ball, shell];
  const restyle = () => {
    theme = chartTheme(root);
  };
  keepDrawn(root, model, { traits: ["stop", "thickness"], canvases, draw, restyle }, signal);
}

export default liveView(render);
