/**
 * A button that lets some of a view's numbers run to their best place, one step a frame.
 *
 * What: `following` gives the next state, or null at the end; the run stops there, at a second press,
 * or when somebody else moves a number. Why: where a descent ends is half of the lesson, how it gets
 * there the other half. Readers who asked for less motion get the end at once.
 */
import { playButton } from "./buttons.js";
import { assign } from "./view.js";

const MOST_STEPS = 1000;

/**
 * A run without a button: `start` begins it where the numbers are, `stop` ends it.
 * @param {any} model @param {string[]} traits the numbers to move
 * @param {(state: number[]) => number[] | null} following @param {(running: boolean) => void} told
 * @param {AbortSignal} signal
 */
export function stepRun(model, traits, following, told, signal) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let running = 0;
  /** @type {number[]} */
  let own = [];

  const state = () => traits.map((trait) => model.get(trait));
  const stop = () => {
    cancelAnimationFrame(running);
    running = 0;
    told(false);
  };
  const go = (/** @type {number[]} */ place) => {
    own = place;
    assign(model, Object.fromEntries(traits.map((trait, i) => [trait, place[i]])));
  };
  const frame = () => {
    const moved = state().some((value, i) => value !== own[i]);
    const place = moved ? null : following(own);
    if (!place) return stop();
    go(place);
    running = requestAnimationFrame(frame);
  };
  const atOnce = () => {
    let place = own;
    for (let step = 0; step < MOST_STEPS; step++) {
      const next = following(place);
      if (!next) break;
      place = next;
    }
    go(place);
  };
  signal.addEventListener("abort", stop);
  return {
    stop,
    isRunning: () => Boolean(running),
    start() {
      stop();
      own = state();
      if (calm.matches) return atOnce();
      running = requestAnimationFrame(frame);
      told(true);
    },
  };
}

/**
 * The button of such a run.
 * @param {any} model @param {string[]} traits the numbers to move @param {string} text of the button
 * @param {(state: number[]) => number[] | null} following @param {AbortSignal} signal
 * @returns {HTMLElement} the button
 */
export function runner(model, traits, text, following, signal) {
  const button = playButton(text, () => (run.isRunning() ? run.stop() : run.start()));
  const mark = (/** @type {boolean} */ running) => button.classList.toggle("is-playing", running);
  const run = stepRun(model, traits, following, mark, signal);
  return button;
}
