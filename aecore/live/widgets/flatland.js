/**
 * Flatland's view: a solid passes through a plane, and the plane's inhabitants see its sections.
 *
 * What: the traits solid and height (of the solid's centre above the plane) are the whole state. The
 * same solid is shown three times: from outside, as a section in the plane, and as the size of that
 * section over the height. Why: the sections look like many shapes that come, change and go, and yet
 * one number tells which of them is there.
 */
import { choices, wordFace } from "../controls/choices.js";
import { filmStrip } from "../controls/filmstrip.js";
import { player } from "../controls/player.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, frameOf, panel, wipe } from "../drawing/canvas.js";
import { Chart, chartPanel, chartTheme } from "../drawing/chart.js";
import { keepDrawn } from "../drawing/redraw.js";
import { drawScene } from "../drawing/scene.js";
import { shown } from "../maths/numbers.js";
import { nearestEdge, sectionArea, sectionName, sectionOf, SOLIDS } from "../maths/solids.js";

const REACH = 1.2;
const FIELD = 1.25;
const FILM = [-0.9, -0.5, -0.2, 0, 0.2, 0.5, 0.9];

/** The height as a share of the way from lowest to highest, in whole hundredths, and back. @param {number} height */
export function shareOfHeight(height) {
  return Math.round(50 * (height / REACH + 1)) / 100;
}
/** @param {number} share */
export function heightOfShare(share) {
  return REACH * (2 * share - 1);
}

/**
 * The section as seen from above, on Flatland's grid.
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme @param {string} solid
 * @param {number} height @param {boolean} [grid]
 */
function drawSection(canvas, theme, solid, height, grid = true) {
  const { unit, x, y } = frameOf(canvas, [0, 0, FIELD]);
  const context = wipe(canvas, theme);
  context.strokeStyle = theme.line;
  context.lineWidth = unit;
  for (const at of grid ? [-1, -0.5, 0, 0.5, 1] : []) {
    context.beginPath();
    context.moveTo(x(at), 0);
    context.lineTo(x(at), canvas.height);
    context.moveTo(0, y(at));
    context.lineTo(canvas.width, y(at));
    context.stroke();
  }
  const outline = sectionOf(solid, -height);
  context.fillStyle = context.strokeStyle = theme.accent;
  context.beginPath();
  if (outline.length === 1) context.arc(x(0), y(0), 2 * unit, 0, 2 * Math.PI);
  for (const [px, py] of outline.length > 1 ? outline : []) context.lineTo(x(px), y(py));
  context.closePath();
  context.globalAlpha = 0.35;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 2 * unit;
  context.lineJoin = "round";
  context.stroke();
}

/**
 * What the section is to somebody who lives in the plane, below it in the picture: a line, paler where it is farther
 * away. @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme @param {string} solid
 * @param {number} height
 */
function drawSight(canvas, theme, solid, height) {
  const { x } = frameOf(canvas, [0, 0, FIELD]);
  const context = wipe(canvas, theme);
  const outline = sectionOf(solid, -height);
  context.fillStyle = theme.accent;
  for (let column = 0; column < canvas.width; column++) {
    const depth = nearestEdge(outline, (column + 0.5 - x(0)) / (x(1) - x(0)));
    if (Number.isNaN(depth)) continue;
    context.globalAlpha = 0.95 * Math.exp(-0.9 * (depth + 1));
    context.fillRect(column, 0, 1, canvas.height);
  }
  context.globalAlpha = 1;
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../drawing/chart.js").ChartTheme} theme @param {string} solid
 * @param {number} height
 */
function drawAreas(canvas, theme, solid, height) {
  const area = (/** @type {number} */ at) => sectionArea(solid, -at);
  const chart = new Chart(canvas, theme, {
    x: { range: [-REACH, REACH], name: "height (radius = 1)", ticks: [-1, 0, 1] },
    y: { range: [0, 3.5], name: "area of the section", ticks: [0, 1, 2, 3] },
  });
  chart.area(area, { colour: theme.accent, opacity: 0.15 });
  chart.curve(area, { colour: theme.accent });
  chart.segment([height, 0], [height, area(height)], { colour: theme.text, dash: [3, 3], width: 1.25 });
  chart.dot([height, area(height)], { colour: theme.accent, radius: 5, ring: theme.text });
}

/** @param {HTMLElement} root @param {(height: number) => void} go */
function flatFrame(root, go) {
  root.classList.add("aecore-flatland");
  const stage = element("div", "aecore-panels");
  const scene = panel("From outside", "aecore-scene", { role: "img", "aria-label": "Solid and plane" });
  const section = panel("In the plane", "aecore-section", { role: "img", "aria-label": "Section" });
  const areas = chartPanel("Size of the section", "Size of the section", 1);
  const sight = /** @type {HTMLCanvasElement} */ (
    element("canvas", "aecore-sight", { role: "img", "aria-label": "The section, seen from within the plane" })
  );
  const within = element("div", "aecore-legend");
  within.textContent = "what its inhabitants see";
  section.figure.append(sight, within);
  stage.append(scene.figure, section.figure, areas.figure);
  const stills = FILM.map((at) => ({ name: `height ${shown(at, 1)}`, text: shown(at, 1) }));
  const film = filmStrip("Sections", stills, (index) => go(FILM[index]));
  const tools = element("div", "aecore-tools");
  root.append(stage, film.strip, tools);
  return { scene: scene.canvas, section: section.canvas, sight, areas: areas.canvas, film, tools };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
function render({ model, root, signal }) {
  const { scene, section, sight, areas, film, tools } = flatFrame(root, (height) => assign(model, { height }));
  // The player moves a number between 0 and 1.
  const way = {
    get: () => shareOfHeight(model.get("height")),
    set: (/** @type {string} */ _, /** @type {number} */ share) => model.set("height", heightOfShare(share)),
    save_changes: () => model.save_changes(),
    on: (/** @type {string} */ event, /** @type {() => void} */ react) => model.on(event, react),
    off: (/** @type {string} */ event, /** @type {() => void} */ react) => model.off(event, react),
  };
  const solids = choices(
    "Solid",
    SOLIDS.map((name) => ({ name, face: wordFace(name) })),
    (index) => assign(model, { solid: SOLIDS[index] }),
  );
  const numbers = readouts(
    [
      { key: "section", name: "the section is" },
      { key: "area", name: "its area" },
    ],
    signal,
  );
  tools.append(player(way, "height", signal), solids.set);
  root.append(numbers.list);
  let theme = chartTheme(root);
  /** The solid that the strip shows now. @type {string | null} */
  let filmed = null;
  const tellLater = whenStill(signal);

  function draw() {
    if (!scene.width || !section.width || !areas.width) return;
    const [solid, height] = [model.get("solid"), model.get("height")];
    drawScene(scene, theme, solid, height);
    drawSection(section, theme, solid, height);
    drawSight(sight, theme, solid, height);
    drawAreas(areas, theme, solid, height);
    if (filmed !== solid) for (const [i, at] of FILM.entries()) drawSection(film.canvases[i], theme, solid, at, false);
    filmed = solid;
    solids.show(SOLIDS.indexOf(solid));
    const nearest = FILM.reduce((best, at) => (Math.abs(at - height) < Math.abs(best - height) ? at : best));
    film.mark((i) => FILM[i] === nearest && Math.abs(FILM[i] - height) <= 0.2);
    const name = sectionName(solid, -height);
    const told = { section: name, area: shown(sectionArea(solid, -height), 3) };
    const place = `The ${solid} at height ${shown(height)}`;
    const sentence = `${place}: the section is ${name}, area ${told.area}`;
    numbers.show(told, `${sentence}.`);
    tellLater(() => {
      scene.setAttribute("aria-label", `${place} of its centre above the plane, seen from outside`);
      section.setAttribute("aria-label", `In the plane: ${name}`);
      areas.setAttribute("aria-label", `Area of the section over the height. ${sentence}`);
    });
  }

  const canvases = [scene, section, sight, areas, ...film.canvases];
  const restyle = () => {
    theme = chartTheme(root);
    filmed = null;
  };
  keepDrawn(root, model, { traits: ["height", "solid"], canvases, draw, restyle }, signal);
}

export default liveView(render);
