/**
 * What every live view does, whatever it shows.
 *
 * What: the frame that anywidget asks for, how a view writes its state, and when it tells a screen
 * reader what has changed. Why here: all of it must end with the view, and forgetting that shows only
 * when a notebook closes one.
 */
import { equipSliders } from "./sliders.js";
import { element } from "../drawing/canvas.js";

const TELL_WHEN_STILL_MS = 700;

/**
 * A widget as anywidget asks for it, of the function that fills its view.
 * @param {(view: {model: any, root: HTMLElement, signal: AbortSignal}) => void | Promise<void>} fill
 *   `root` has the widget's label; `signal` is aborted when the view closes
 */
export function liveView(fill) {
  return {
    async render(/** @type {{model: any, el: HTMLElement}} */ { model, el }) {
      const closing = new AbortController();
      const { signal } = closing;
      const root = element("div", "aecore-view", { role: "group", "aria-label": model.get("label") });
      el.append(root);
      equipSliders(root, signal);
      await fill({ model, root, signal });
      return () => closing.abort();
    },
  };
}

/** Give traits new values, for everything that is linked to them. @param {any} model @param {Record<string, any>} values */
export function assign(model, values) {
  for (const [trait, value] of Object.entries(values)) model.set(trait, value);
  model.save_changes();
}

/**
 * Returns how to tell something once nothing has changed for a while: the last of what is handed to it is
 * done. A status that told every step of a drag would never stop talking.
 * @param {AbortSignal} signal @returns {(tell: () => void) => void}
 */
export function whenStill(signal) {
  let waiting = 0;
  signal.addEventListener("abort", () => clearTimeout(waiting));
  return (tell) => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, TELL_WHEN_STILL_MS);
  };
}
