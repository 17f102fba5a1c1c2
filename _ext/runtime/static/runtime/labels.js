// ipywidgets gives the handles of its sliders, their readouts and its progress bars no names. This does.
{
  const name = (control, label) => {
    const text = label?.textContent.trim();
    if (text && !control.getAttribute("aria-label")) control.setAttribute("aria-label", text);
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

  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      document.querySelectorAll(".jupyter-widgets.widget-inline-hbox").forEach(nameControls);
    });
  }).observe(document.body, { childList: true, subtree: true });
}
