/**
 * Paths between two codes: straight, or along the sphere; and the plane that holds them.
 *
 * What: the same points as paths.py, which says what they mean, and two coordinates in which a path
 * in any number of dimensions can be drawn truly. Why: both paths lie in the plane through the
 * origin and the two codes.
 */

const PARALLEL = 1e-4;

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
const dot = (a, b) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** @param {ArrayLike<number>} a */
export const norm = (a) => Math.hypot(...Array.from(a));

/**
 * a x + b y. @param {number} a @param {ArrayLike<number>} x @param {number} b
 * @param {ArrayLike<number>} y
 */
const mix = (a, x, b, y) => Array.from(x, (value, i) => a * value + b * y[i]);

/** At right angles to the unit vector u. @param {number[]} u */
function acrossFrom(u) {
  const sizes = u.map(Math.abs);
  const least = sizes.indexOf(Math.min(...sizes));
  const axis = u.map((_, i) => (i === least ? 1 : 0));
  return mix(1, axis, -u[least], u);
}

/**
 * The code at t on the way from `start` to `end`.
 * @param {ArrayLike<number>} start @param {ArrayLike<number>} end @param {number} t
 * @param {string} path "linear" or "spherical" @returns {number[]}
 */
export function interpolate(start, end, t, path) {
  const [first, last] = [norm(start), norm(end)];
  if (path === "linear" || first === 0 || last === 0) return mix(1 - t, start, t, end);
  const u = mix(1 / first, start, 0, start);
  const v = mix(1 / last, end, 0, end);
  const length = (1 - t) * first + t * last;
  const angle = 2 * Math.atan2(norm(mix(1, u, -1, v)), norm(mix(1, u, 1, v)));
  if (angle < PARALLEL) {
    const direction = mix(1 - t, u, t, v);
    return mix(length / norm(direction), direction, 0, u);
  }
  const side = Math.PI - angle < PARALLEL ? acrossFrom(u) : mix(1, v, -dot(u, v), u);
  return mix(length * Math.cos(t * angle), u, (length * Math.sin(t * angle)) / norm(side), side);
}

/**
 * Coordinates in the plane through the origin, `start` and `end`: a code to two numbers. In two dimensions
 * they are the code's own.
 * @param {ArrayLike<number>} start @param {ArrayLike<number>} end
 * @returns {(code: ArrayLike<number>) => number[]}
 */
export function planeThrough(start, end) {
  if (start.length === 2) return (code) => [code[0], code[1]];
  const longer = norm(start) > 0 ? start : end;
  const length = norm(longer) || 1;
  const u = mix(1 / length, longer, 0, longer);
  const rest = mix(1, end, -dot(u, end), u);
  const size = norm(rest);
  const w = size > PARALLEL * norm(end) ? mix(1 / size, rest, 0, rest) : acrossFrom(u);
  return (code) => [dot(code, u), dot(code, w)];
}
