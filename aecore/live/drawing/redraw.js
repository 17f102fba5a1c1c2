/**
 * Keeps a view of charts as its model says.
 *
 * What: one redraw per frame after a change of a trait, of the page's colours or of a canvas's size.
 * Why here: each view of charts needs all of it, and forgetting one shows only in another theme, at
 * another size, or after the view was closed.
 */
import { framePacer, keepSharp, onThemeChange } from "./canvas.js";

/** @param {any} model @param {string[]} traits @param {() => void} react to a change of any @param {AbortSignal} signal */
export function whenChanged(model, traits, react, signal) {
  for (const trait of traits) {
    model.on(`change:${trait}`, react);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, react));
  }
}

/**
 * Begin to keep it so; returns how to ask for a redraw for any other reason.
 * @param {HTMLElement} root @param {any} model
 * @param {{traits: string[], canvases: HTMLCanvasElement[], draw: () => void, restyle: () => void}} view
 *   `restyle` is called before a redraw in new colours or at a new size
 * @param {AbortSignal} signal @returns {() => void}
 */
export function keepDrawn(root, model, { traits, canvases, draw, restyle }, signal) {
  const ask = framePacer(root, draw, signal);
  const repaint = () => {
    restyle();
    ask();
  };
  whenChanged(model, traits, ask, signal);
  onThemeChange(repaint, signal);
  keepSharp(canvases, repaint, signal);
  return ask;
}
