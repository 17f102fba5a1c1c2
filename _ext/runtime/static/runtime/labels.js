// Two things ipywidgets leaves to the page: names for its slider handles and progress bars, and a mark on
// outputs whose widget is alive, so that the style sheet can put the static figure away.
{
  const name = (control, label) => {
    const text = label?.textContent.trim();
    if (text && control.getAttribute("aria-label") !== text) control.setAttribute("aria-label", text);
  };

  /** @param {Element} box one ipywidgets control with its label */
  const nameControls = (box) => {
    const label = box.querySelector(".widget-label");
    for (const control of box.querySelectorAll('[role="slider"], [role="progressbar"], .progress')) {
      name(control, label);
    }
    const readout = box.querySelector('.widget-readout[contenteditable="true"]');
    if (readout) {
      readout.setAttribute("role", "textbox");
      name(readout, label);
    }
  };

  const update = () => {
    document.querySelectorAll(".jupyter-widgets.widget-inline-hbox").forEach(nameControls);
    document
      .querySelectorAll(".widget-subarea")
      .forEach((area) => area.firstElementChild && area.parentElement.classList.add("is-live"));
  };

  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      update();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
  update();
}
