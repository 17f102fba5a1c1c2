/**
 * A canvas that shows a square of a plane and lets a point be moved on it, by mouse, finger or
 * keys.
 *
 * What: turns pointer and key events into places in the plane; what to do with a place is the
 * caller's. Why: pad and grid behave alike, and a later widget gets the same manners. To a screen
 * reader it is a slider whose value is told in words, because ARIA has no role for two dimensions.
 */
import { onKeys, presses } from "./keys.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Attributes of such a canvas. @param {string} label @returns {Record<string, string>} */
export function planeAttributes(label) {
  return {
    tabindex: "0",
    role: "slider",
    "aria-roledescription": "two-dimensional slider",
    "aria-label": label,
  };
}

/**
 * Tell assistive technology where the point is.
 * @param {HTMLCanvasElement} canvas @param {number[]} region @param {number[]} at @param {string} text
 */
export function announcePlace(canvas, region, at, text) {
  // Sliders count in floating-point steps: without rounding, 0 may be written as -4e-16, which is no ARIA number.
  const decimal = (/** @type {number} */ value) => String(Number(value.toFixed(6)));
  canvas.setAttribute("aria-valuemin", decimal(region[0] - region[2]));
  canvas.setAttribute("aria-valuemax", decimal(region[0] + region[2]));
  canvas.setAttribute("aria-valuenow", decimal(at[0]));
  canvas.setAttribute("aria-valuetext", text);
}

/**
 * A coordinate kept within its slider, `middle` ± `half`, and on its steps.
 * @param {number} value @param {number} middle @param {number} half @param {number} step
 */
export function keptOnSlider(value, middle, half, step) {
  const low = middle - half;
  const inside = Math.min(middle + half, Math.max(low, value));
  return Number((low + Math.round((inside - low) / step) * step).toFixed(10));
}

/**
 * Listen. A drag reports the latest place through `dragged`, which may come more often than frames do; a key
 * reports one through `stepped`.
 * @param {HTMLCanvasElement} canvas
 * @param {{region: () => number[], stride: () => number, here: () => number[],
 *   dragged: (place: number[]) => void, stepped: (place: number[]) => void, dropped?: () => void}} plane
 *   `region` gives centre and half-width, `stride` the length of one step; `dropped` is told when a drag ends, and
 *   of Enter and Space
 * @param {AbortSignal} signal
 */
export function moveOnPlane(canvas, plane, signal) {
  /** @param {PointerEvent} event */
  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    const [c1, c2, extent] = plane.region();
    return [
      c1 + extent * ((2 * (event.clientX - box.left)) / box.width - 1),
      c2 - extent * ((2 * (event.clientY - box.top)) / box.height - 1),
    ];
  };
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      plane.dragged(placeOf(event));
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) plane.dragged(placeOf(event));
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerup",
    (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) plane.dropped?.();
    },
    { signal },
  );
  onKeys(
    canvas,
    (key, shift) => {
      if (plane.dropped && presses(key)) return plane.dropped;
      const direction = ARROWS[/** @type {keyof typeof ARROWS} */ (key)];
      if (!direction && key !== "Home") return null;
      const stride = plane.stride() * (shift ? 5 : 1);
      const middle = plane.region().slice(0, 2);
      return () => plane.stepped(direction ? plane.here().map((v, i) => v + stride * direction[i]) : middle);
    },
    signal,
  );
}
