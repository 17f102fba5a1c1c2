/**
 * The two denoisers of a plane at one noise: the best one of a known mixture, and a network's.
 *
 * What: `denoisersAt` gives both as functions of places; `compared` what they say of one place. Why
 * together: the score of the noised density is exact, so the network's (r(x) - x) / sigma^2 has
 * something to be held against; and the score without noise shows what noise changes.
 */
import { cosine, mixtureAt, noisedMixture } from "./mixture.js";

/**
 * @typedef {{std: number, components: import("./mixture.js").Component[], exact: import("./mixture.js").Denoise,
 *   learned: import("./mixture.js").Denoise}} Denoisers
 */

/**
 * @param {import("./mixture.js").PlaneMixture} mixture
 * @param {import("./decoder.js").Network | null} network from [x1, x2, log std] to the denoised point; without one,
 *   `learned` is `exact`
 * @param {number} std @returns {Denoisers}
 */
export function denoisersAt(mixture, network, std) {
  const components = noisedMixture(mixture, std);
  const exact = (/** @type {number[][]} */ places) => places.map((place) => mixtureAt(components, place).denoised);
  const learned = (/** @type {number[][]} */ places) => {
    if (!network) return exact(places);
    const found = network.decode(
      places.flatMap(([x, y]) => [x, y, Math.log(std)]),
      places.length,
    );
    return places.map((_, i) => [found[2 * i], found[2 * i + 1]]);
  };
  return { std, components, exact, learned };
}

/** r(x) - x at places. @param {import("./mixture.js").Denoise} denoise @param {number[][]} places */
export function movesAt(denoise, places) {
  return denoise(places).map(([x, y], i) => [x - places[i][0], y - places[i][1]]);
}

/**
 * Scores at one place: exact after noise, learned, and exact before noise, with the cosines of the latter two and the
 * first; a cosine is NaN where the exact score is so short that it has no direction (sigma |score| below 0.1).
 * @param {Denoisers} denoisers @param {import("./mixture.js").Component[]} clean @param {number[]} place
 */
export function compared(denoisers, clean, place) {
  const { std, components } = denoisers;
  const { score, logDensity } = mixtureAt(components, place);
  const learned = movesAt(denoisers.learned, [place])[0].map((value) => value / (std * std));
  const before = mixtureAt(clean, place).score;
  const tiny = std * Math.hypot(score[0], score[1]) < 0.1;
  const [toLearned, toClean] = [learned, before].map((other) => (tiny ? NaN : cosine(score, other)));
  return { logDensity, score, learned, clean: before, toLearned, toClean };
}
