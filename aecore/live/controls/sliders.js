/**
 * What ipywidgets' sliders lack: names, readable values, and peace from the notebook's shortcuts.
 *
 * What: gives each handle and read-out around a view the name that its label shows, tells the value
 * as the read-out writes it (the handle itself would say 0.9999999999999996), and keeps arrow keys
 * from JupyterLab and Notebook. Why here: a page of the book has a script for names too, but a
 * notebook has none.
 */

/** Boxes of sliders, and the titles that style sheets write above them. */
const SLIDER_GROUPS = {
  "aecore-coordinates": "Code z",
  "aecore-window": "Grid window",
  "aecore-style": "Style z",
};

/** @param {Element} handle */
function tellValue(handle) {
  const text = handle.closest(".widget-slider")?.querySelector(".widget-readout")?.textContent;
  if (text && handle.getAttribute("aria-valuetext") !== text) handle.setAttribute("aria-valuetext", text);
}

/** @param {Element} box */
function equip(box) {
  for (const control of box.querySelectorAll(".noUi-handle, canvas[tabindex], input, button")) {
    control.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  for (const [kind, title] of Object.entries(SLIDER_GROUPS)) {
    const group = box.querySelector(`.${kind}`);
    group?.setAttribute("role", "group");
    group?.setAttribute("aria-label", title);
  }
  for (const slider of box.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent?.trim();
    const handle = slider.querySelector(".noUi-handle");
    const readout = slider.querySelector(".widget-readout");
    if (!label || !handle) continue;
    handle.setAttribute("aria-label", label);
    readout?.setAttribute("aria-label", label);
    readout?.setAttribute("role", "textbox");
    tellValue(handle);
  }
}

/**
 * Look after the box that holds a view and its sliders; they may be drawn after the view is.
 * @param {HTMLElement} root @param {AbortSignal} signal
 */
export function equipSliders(root, signal) {
  const observer = new MutationObserver((changes) => {
    for (const { type, target } of changes) {
      if (type === "attributes") tellValue(/** @type {Element} */ (target));
    }
    const box = root.closest(".aecore-live");
    if (box && changes.some(({ type }) => type === "childList")) equip(box);
  });
  const begin = (tries = 0) => {
    const box = root.closest(".aecore-live");
    if (signal.aborted) return;
    if (box) {
      equip(box);
      observer.observe(box, { childList: true, subtree: true, attributeFilter: ["aria-valuetext"] });
    } else if (tries < 100) {
      setTimeout(begin, 50, tries + 1);
    }
  };
  begin();
  signal.addEventListener("abort", () => observer.disconnect());
}
