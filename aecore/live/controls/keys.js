/**
 * Keys that a canvas understands.
 *
 * What: hands over each key that is pressed on it, and keeps those that meant something from scrolling
 * the page and from the notebook's shortcuts. Why: keys with Alt, Control or Command belong to the
 * browser, and every canvas must leave them alone.
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(key: string, shift: boolean) => (() => void) | null | undefined} meaning what a key does here, if anything
 * @param {AbortSignal} signal
 */
export function onKeys(canvas, meaning, signal) {
  const listen = (/** @type {KeyboardEvent} */ event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = meaning(event.key, event.shiftKey);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  canvas.addEventListener("keydown", listen, { signal });
}

/** Space and Enter, which press a button too. @param {string} key */
export function presses(key) {
  return key === " " || key === "Enter";
}
