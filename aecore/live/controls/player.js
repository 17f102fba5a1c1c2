/**
 * A Play button that moves a number to and fro between 0 and 1.
 *
 * What: four seconds each way, slower at the ends; it stops when somebody else moves the number.
 * Why its own: ipywidgets' Play counts in whole steps and knows nothing of readers who asked for
 * less motion; for them the number goes from one still of the film strip to the next, one every
 * second and a half.
 */
import { playButton } from "./buttons.js";
import { assign } from "./view.js";
import { whenChanged } from "../drawing/redraw.js";

const SWEEP_MS = 4000;
const STILL_MS = 1500;
const STILLS = 4;

/** Where a sweep to and fro stands after `elapsed` milliseconds, from 0. @param {number} elapsed */
export function sweep(elapsed) {
  const phase = (elapsed / SWEEP_MS) % 2;
  return 0.5 - 0.5 * Math.cos(Math.PI * phase);
}

/** The same in whole stills, without motion between them. @param {number} elapsed */
export function stills(elapsed) {
  const beat = Math.floor(elapsed / STILL_MS) % (2 * STILLS);
  return (beat <= STILLS ? beat : 2 * STILLS - beat) / STILLS;
}

/**
 * @param {any} model @param {string} trait the number to move @param {AbortSignal} signal
 * @returns {HTMLElement} the button
 */
export function player(model, trait, signal) {
  const button = playButton("Play", press);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let running = 0;
  let began = 0;
  let own = 0;

  const show = () => {
    button.textContent = running ? "Pause" : "Play";
    button.classList.toggle("is-playing", Boolean(running));
  };
  const stop = () => {
    cancelAnimationFrame(running);
    running = 0;
    show();
  };
  const frame = (/** @type {number} */ now) => {
    began ||= now - (calm.matches ? 0 : startOffset());
    const value = (calm.matches ? stills : sweep)(Math.max(0, now - began));
    own = Math.round(100 * value) / 100;
    if (own !== model.get(trait)) {
      assign(model, { [trait]: own });
    }
    running = requestAnimationFrame(frame);
  };
  // Begin where the number is.
  const startOffset = () => (Math.acos(1 - 2 * model.get(trait)) / Math.PI) * SWEEP_MS;
  const moved = () => {
    if (running && model.get(trait) !== own) stop();
  };
  function press() {
    if (running) return stop();
    began = 0;
    own = model.get(trait);
    running = requestAnimationFrame(frame);
    show();
  }
  whenChanged(model, [trait], moved, signal);
  signal.addEventListener("abort", stop);
  return button;
}
