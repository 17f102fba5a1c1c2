// Brings the saved widgets of the page to life, without waiting for its pictures and equations.
{
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

  /** Marks outputs whose widget is drawn, so that the style sheet can put the static figure away. */
  const mark = () => {
    const views = [...document.querySelectorAll(VIEW)].map((view) => view.parentElement);
    const drawn = views.filter((box) => box.querySelector(".widget-subarea")?.firstElementChild);
    drawn.forEach((box) => box.classList.add("is-live"));
    return drawn.length === views.length;
  };

  const observer = new MutationObserver(() => {
    if (!mark()) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(window.bookWidgets.tellAlive));
  });
  observer.observe(document.body, { childList: true, subtree: true });
  window.require(["@jupyter-widgets/html-manager/dist/libembed-amd"], (embed) => embed.renderWidgets());
}
