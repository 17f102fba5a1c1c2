/**
 * A solid and a plane, drawn from a little above the plane, without perspective.
 *
 * What: the part of the solid below the plane, the plane over it as a sheet of glass, the section, and
 * the part above, which lets the section show through. Why in this order: seen from above, whatever is
 * above the plane hides what is below it, and nothing below hides anything above; so painting upwards
 * gives the right picture without any search for hidden lines.
 */
import { channels, frameOf, wipe } from "./canvas.js";
import { clipFace, convexHull, cubeFaces, sectionOf, sphereOutline } from "../maths/solids.js";

/** @typedef {import("../maths/solids.js").Point} Point */

const ELEVATION = (22 * Math.PI) / 180;
const AZIMUTH = (-40 * Math.PI) / 180;
const SHEET = 1.45;
const EXTENT = 2.2;
const SUN = unitVector([-0.55, -0.45, 0.75]);

/** @param {Point} vector @returns {Point} */
function unitVector(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** @param {Point} a @param {Point} b */
function dot(a, b) {
  return a.reduce((sum, value, axis) => sum + value * b[axis], 0);
}

const RIGHT = [Math.cos(AZIMUTH), Math.sin(AZIMUTH), 0];
const TOWARDS = [
  Math.sin(AZIMUTH) * Math.cos(ELEVATION),
  -Math.cos(AZIMUTH) * Math.cos(ELEVATION),
  Math.sin(ELEVATION),
];
const UP = [-Math.sin(AZIMUTH) * Math.sin(ELEVATION), Math.cos(AZIMUTH) * Math.sin(ELEVATION), Math.cos(ELEVATION)];

/** Where a point of space falls on the picture. @param {Point} point @returns {Point} */
export function projected(point) {
  return [dot(point, RIGHT), dot(point, UP)];
}

/** Two colours "#rrggbb" mixed. @param {string} from @param {string} to @param {number} share of `to` */
export function mixed(from, to, share) {
  const [a, b] = [from, to].map(channels);
  const mix = a.map((value, i) => Math.round(value + (b[i] - value) * share));
  return `#${mix.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("./canvas.js").Theme} theme @param {string} solid
 * @param {number} height of its centre above the plane
 */
export function drawScene(canvas, theme, solid, height) {
  const { context, unit, x, y } = frameOf(canvas, [0, 0, EXTENT]);
  const [light, dark] = [mixed(theme.muted, "#ffffff", 0.75), mixed(theme.muted, "#000000", 0.45)];
  const spot = (/** @type {Point} */ point) => {
    const [across, up] = projected(point);
    return [x(across), y(up)];
  };
  /** A path through points of space. @param {Point[]} points @param {boolean} [closed] */
  const trace = (points, closed = true) => {
    context.beginPath();
    for (const point of points) context.lineTo(...spot(point));
    if (closed) context.closePath();
  };
  const raised = (/** @type {Point[]} */ points) => points.map(([a, b, c]) => [a, b, c + height]);

  /** The part of the solid above (side 1) or below (side −1) the plane. @param {number} side */
  function part(side) {
    if (solid === "cube") {
      for (const { corners, normal } of cubeFaces()) {
        const seen = clipFace(corners, -height, side);
        if (dot(normal, TOWARDS) <= 0 || seen.length < 3) continue;
        trace(raised(seen));
        context.fillStyle = mixed(dark, light, 0.5 + 0.5 * dot(normal, SUN));
        context.fill();
        context.strokeStyle = dark;
        context.lineWidth = unit;
        context.stroke();
      }
      return;
    }
    const spots = convexHull(sphereOutline(-height, side, TOWARDS).map(([a, b, c]) => spot([a, b, c + height])));
    if (spots.length < 3) return;
    const [cx, cy] = spot([0, 0, height]);
    const radius = x(1) - x(0);
    const [sx, sy] = [cx + 0.62 * radius * dot(SUN, RIGHT), cy - 0.62 * radius * dot(SUN, UP)];
    const gradient = context.createRadialGradient(sx, sy, 0.05 * radius, cx, cy, 1.05 * radius);
    gradient.addColorStop(0, light);
    gradient.addColorStop(1, dark);
    context.fillStyle = gradient;
    context.beginPath();
    for (const [px, py] of spots) context.lineTo(px, py);
    context.fill();
  }

  const outline = sectionOf(solid, -height);
  const rim = raised(outline);
  wipe(canvas, theme);
  context.lineJoin = "round";
  part(-1);

  const sheet = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([a, b]) => [SHEET * a, SHEET * b, 0]);
  trace(sheet);
  context.fillStyle = mixed(theme.paper, theme.accent, 0.13);
  context.globalAlpha = 0.75;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = unit;
  for (const at of [-1, -0.5, 0, 0.5, 1]) {
    for (const ends of [[[at, -SHEET, 0], [at, SHEET, 0]], [[-SHEET, at, 0], [SHEET, at, 0]]]) {
      trace(ends, false);
      context.strokeStyle = mixed(theme.paper, theme.accent, 0.24);
      context.stroke();
    }
  }
  trace(sheet);
  context.strokeStyle = theme.border;
  context.stroke();

  trace(rim);
  context.fillStyle = context.strokeStyle = theme.accent;
  context.globalAlpha = 0.45;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 2 * unit;
  context.stroke();
  context.globalAlpha = 0.8;
  part(1);
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.lineWidth = 2.25 * unit;
  for (const [k, from] of outline.entries()) {
    const to = outline[(k + 1) % outline.length];
    const middle = from.map((value, axis) => (value + to[axis]) / 2);
    if (dot(outwards(solid, middle), TOWARDS) <= 0) continue;
    trace(raised([from, to]), false);
    context.stroke();
  }
}

/** A direction out of the solid at a point of its surface. @param {string} solid @param {Point} point */
function outwards(solid, point) {
  if (solid !== "cube") return point;
  const normals = cubeFaces().map(({ normal }) => normal);
  return normals.reduce((best, normal) => (dot(normal, point) > dot(best, point) ? normal : best));
}
