/**
 * Buttons with words on them: one that does something at once, and one that starts what then runs.
 */
import { element } from "../drawing/canvas.js";

/** @param {string} className @param {string} text @param {() => void} press */
function button(className, text, press) {
  const made = element("button", className, { type: "button" });
  made.textContent = text;
  made.addEventListener("click", press);
  return made;
}

/** @param {string} text @param {() => void} press */
export function toolButton(text, press) {
  return button("aecore-button", text, press);
}

/** Its class `is-playing` is for the one who runs. @param {string} text @param {() => void} press */
export function playButton(text, press) {
  return button("aecore-play", text, press);
}
