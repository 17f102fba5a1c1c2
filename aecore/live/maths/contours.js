/**
 * Level lines of numbers on a square grid, by marching squares.
 *
 * What: a straight piece within each square of four neighbours that the level passes through, and the
 * pieces joined to lines, so that they can be dashed; where a square has two possible pairings, the
 * mean of its corners decides. Why: a map that a reader drags over must tell how much, which a wash of
 * colour alone does not.
 */

/**
 * Pieces [x0, y0, x1, y1], in columns and rows from 0, of the lines where `values` pass `level`.
 * @param {ArrayLike<number>} values row by row @param {number} side @param {number} level
 */
export function levelPieces(values, side, level) {
  const pieces = [];
  for (let row = 0; row + 1 < side; row++) {
    for (let column = 0; column + 1 < side; column++) {
      const at = row * side + column;
      // Around the square: left to right above, then right to left below.
      const corners = [values[at], values[at + 1], values[at + side + 1], values[at + side]];
      const places = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ];
      const crossed = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [corners[k], corners[(k + 1) % 4]];
        if (a < level === b < level) continue;
        const share = (level - a) / (b - a);
        const [from, to] = [places[k], places[(k + 1) % 4]];
        crossed.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
      }
      if (crossed.length === 2) pieces.push([...crossed[0], ...crossed[1]]);
      if (crossed.length === 4) {
        const middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4;
        const turn = middle < level === corners[0] < level ? 0 : 1;
        // The corner that differs from the middle is cut off on its own: corners 1 and 3, or corners 0 and 2.
        const pairs = turn === 0 ? [crossed[0], crossed[1], crossed[2], crossed[3]] : [crossed[3], crossed[0], crossed[1], crossed[2]];
        pieces.push([...pairs[0], ...pairs[1]], [...pairs[2], ...pairs[3]]);
      }
    }
  }
  return pieces;
}

/** Pieces joined to lines, each a list of places [x, y]; a closed line ends where it began. @param {number[][]} pieces */
export function joined(pieces) {
  const keyOf = (/** @type {number[]} */ [x, y]) => `${x.toFixed(6)} ${y.toFixed(6)}`;
  /** @type {Map<string, number[]>} which pieces end there */
  const ends = new Map();
  const halves = pieces.map(([x0, y0, x1, y1]) => [
    [x0, y0],
    [x1, y1],
  ]);
  for (const [i, both] of halves.entries()) {
    for (const end of both) ends.set(keyOf(end), [...(ends.get(keyOf(end)) ?? []), i]);
  }
  const used = new Set();
  /** Go on from the end of a line. @param {number[][]} line */
  const extend = (line) => {
    for (;;) {
      const key = keyOf(line[line.length - 1]);
      const next = ends.get(key)?.find((i) => !used.has(i));
      if (next === undefined) return line;
      used.add(next);
      line.push(halves[next][keyOf(halves[next][0]) === key ? 1 : 0]);
    }
  };
  const lines = [];
  for (const [i, [from, to]] of halves.entries()) {
    if (used.has(i)) continue;
    used.add(i);
    lines.push(extend(extend([from, to]).reverse()));
  }
  return lines;
}
