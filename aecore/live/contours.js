/**
 * Level lines of numbers on a square grid, by marching squares.
 *
 * What: straight pieces, each within one square of four neighbours; where a square has two possible
 * pairings, the mean of its corners decides. Why: a map that a reader drags over must tell how much,
 * which a wash of colour alone does not.
 */

/**
 * Pieces [x0, y0, x1, y1], in columns and rows from 0, of the lines where `values` pass `level`.
 * @param {ArrayLike<number>} values row by row @param {number} side @param {number} level
 */
export function levelLines(values, side, level) {
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
