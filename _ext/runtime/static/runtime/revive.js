// Brings the saved widgets of the page to life, without waiting for its pictures and equations.
{
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const QUIET_MS = 120;
  let rest = 0;

  /** Marks outputs whose widget is drawn, so that the style sheet can put the static figure away. */
  const mark = () => {
    const views = [...document.querySelectorAll(VIEW)].map((view) => view.parentElement);
    const drawn = views.filter((box) => box.querySelector(".widget-subarea")?.firstElementChild);
    drawn.forEach((box) => box.classList.add("is-live"));
    return drawn.length === views.length;
  };

  const observer = new MutationObserver(() => {
    if (!mark()) return;
    clearTimeout(rest);
    rest = setTimeout(() => {
      observer.disconnect();
      window.bookWidgets.tellAlive();
    }, QUIET_MS);
  });
  observer.observe(document.body, { childList: true, subtree: true });
  window.require(["@jupyter-widgets/html-manager/dist/libembed-amd", "anywidget"], (embed) => embed.renderWidgets());
}
