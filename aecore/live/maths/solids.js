/**
 * Solids that pass through a plane, and the sections that they leave in it.
 *
 * What: the sphere of radius 1, and the cube whose corners lie on that sphere, turned so that a space
 * diagonal is vertical; each as points, faces and sections at a height above its centre. Why one size:
 * both then enter and leave the plane at the same heights, so that one slider fits both.
 */

/** @typedef {number[]} Point two or three coordinates, the third upwards */

export const SOLIDS = ["sphere", "cube"];
const CIRCLE_POINTS = 96;
const SAME = 1e-9;

const SIGNS = Array.from({ length: 8 }, (_, k) => [k & 1, (k >> 1) & 1, (k >> 2) & 1].map((bit) => 2 * bit - 1));

/** Corners of the cube: two on the vertical axis, three at each height of −1/3 and 1/3. @type {Point[]} */
const CORNERS = SIGNS.map(([a, b, c]) => [(a - b) / Math.sqrt(6), (a + b - 2 * c) / Math.sqrt(18), (a + b + c) / 3]);

/** Pairs of corners that differ in one sign. @type {number[][]} */
const EDGES = SIGNS.flatMap((_, k) => [1, 2, 4].filter((bit) => !(k & bit)).map((bit) => [k, k | bit]));

/** Corners of each face, one after the other around it. @type {number[][]} */
const FACES = [1, 2, 4].flatMap((bit) => {
  const [u, v] = [1, 2, 4].filter((other) => other !== bit);
  return [0, bit].map((side) => [side, side | u, side | u | v, side | v]);
});

/** Points on a circle around the vertical axis. @param {number} radius @param {number} height @returns {Point[]} */
function circle(radius, height) {
  return Array.from({ length: CIRCLE_POINTS }, (_, k) => {
    const angle = (2 * Math.PI * k) / CIRCLE_POINTS;
    return [radius * Math.cos(angle), radius * Math.sin(angle), height];
  });
}

/** The points of the cube's edges at a height, in order around them. @param {number} cut @returns {Point[]} */
function cubeSection(cut) {
  /** @type {Point[]} */
  const met = [];
  for (const [from, to] of EDGES.map((edge) => edge.map((k) => CORNERS[k]))) {
    const share = (cut - from[2]) / (to[2] - from[2]);
    if (share < -SAME || share > 1 + SAME) continue;
    const place = [0, 1].map((axis) => from[axis] + share * (to[axis] - from[axis]));
    const known = met.some(([x, y]) => Math.hypot(x - place[0], y - place[1]) < 1e-6);
    if (!known) met.push([...place, cut]);
  }
  return met.sort((p, q) => Math.atan2(p[1], p[0]) - Math.atan2(q[1], q[0]));
}

/**
 * The section of a solid by a horizontal plane: its outline, counter-clockwise from above; one point where the
 * plane only touches the solid, none where it misses it.
 * @param {string} solid @param {number} cut height of the plane above the solid's centre @returns {Point[]}
 */
export function sectionOf(solid, cut) {
  if (Math.abs(cut) > 1 + SAME) return [];
  if (Math.abs(cut) > 1 - SAME) return [[0, 0, cut]];
  return solid === "cube" ? cubeSection(cut) : circle(Math.sqrt(1 - cut * cut), cut);
}

/** Area of a section. @param {string} solid @param {number} cut as for sectionOf @returns {number} */
export function sectionArea(solid, cut) {
  if (solid !== "cube") return Math.PI * Math.max(0, 1 - cut * cut);
  const outline = sectionOf(solid, cut);
  return outline.reduce((sum, [x, y], k) => {
    const [nextX, nextY] = outline[(k + 1) % outline.length];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}

/**
 * How far away the outline of a section is, for somebody who looks along the second axis, from below: its smallest
 * second coordinate at a first coordinate, NaN where there is nothing to see.
 * @param {Point[]} outline @param {number} x
 */
export function nearestEdge(outline, x) {
  let nearest = NaN;
  for (const [k, [x0, y0]] of outline.entries()) {
    const [x1, y1] = outline[(k + 1) % outline.length];
    if (x0 === x1 || (x - x0) * (x - x1) > 0) continue;
    const y = y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
    if (!(y >= nearest)) nearest = y;
  }
  return nearest;
}

/** What a section is called, with its size. @param {string} solid @param {number} cut @returns {string} */
export function sectionName(solid, cut) {
  const corners = sectionOf(solid, cut).length;
  if (corners < 2) return corners ? "a single point" : "nothing";
  if (solid !== "cube") return "a disc";
  return corners === 3 ? "a triangle" : Math.abs(cut) < SAME ? "a regular hexagon" : "a hexagon";
}

/** The part of a flat face above a height (side 1) or below it (side −1). @param {Point[]} face @param {number} cut
 * @param {number} side @returns {Point[]} */
export function clipFace(face, cut, side) {
  return face.flatMap((from, k) => {
    const to = face[(k + 1) % face.length];
    const [above, next] = [side * (from[2] - cut), side * (to[2] - cut)];
    const kept = above >= 0 ? [from] : [];
    if (above * next >= 0) return kept;
    const share = above / (above - next);
    return [...kept, from.map((value, axis) => value + share * (to[axis] - value))];
  });
}

/** The faces of the cube with their outward normals of length 1. @returns {{corners: Point[], normal: Point}[]} */
export function cubeFaces() {
  return FACES.map((face) => {
    const corners = face.map((k) => CORNERS[k]);
    const middle = [0, 1, 2].map((axis) => corners.reduce((sum, corner) => sum + corner[axis] / 4, 0));
    const length = Math.hypot(...middle);
    return { corners, normal: middle.map((value) => value / length) };
  });
}

/**
 * The part of the sphere above a height (side 1) or below it (side −1), as points whose projections enclose its
 * image: its rim, and what it has of the great circle that bounds the sphere's image.
 * @param {number} cut @param {number} side @param {Point} towards direction to the viewer, of length 1
 * @returns {Point[]}
 */
export function sphereOutline(cut, side, towards) {
  const across = [-towards[1], towards[0], 0].map((v) => v / Math.hypot(towards[0], towards[1]));
  const up = [
    towards[1] * across[2] - towards[2] * across[1],
    towards[2] * across[0] - towards[0] * across[2],
    towards[0] * across[1] - towards[1] * across[0],
  ];
  const limb = circle(1, 0)
    .map(([a, b]) => across.map((value, axis) => a * value + b * up[axis]))
    .filter((point) => side * (point[2] - cut) >= 0);
  return [...limb, ...sectionOf("sphere", cut)];
}

/** The corners of the convex hull of points of the plane, counter-clockwise. @param {Point[]} points
 * @returns {Point[]} */
export function convexHull(points) {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const half = (/** @type {Point[]} */ ordered) => {
    /** @type {Point[]} */
    const chain = [];
    for (const point of ordered) {
      while (chain.length > 1) {
        const [a, b] = chain.slice(-2);
        const turn = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
        if (turn > 0) break;
        chain.pop();
      }
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}
