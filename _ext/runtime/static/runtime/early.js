// Runs before every other script of a page with widgets.
{
  let told;
  /** Settled when the widgets of the page are alive, or after a few seconds without them. */
  const alive = new Promise((resolve) => (told = resolve));
  setTimeout(told, 5000);
  window.bookWidgets = { alive, tellAlive: told };

  // ipywidgets typesets descriptions through an interface that only MathJax 2 had; it gets an inert copy.
  // Typesetting a long page takes a second or more of the main thread, so it starts when the widgets are alive.
  const prepare = (mathjax) => {
    if (!mathjax) return mathjax;
    mathjax.Hub ??= { Queue() {} };
    if (!mathjax.version) {
      mathjax.startup = { ...mathjax.startup, pageReady: () => alive.then(() => window.MathJax.startup.defaultPageReady()) };
    }
    return mathjax;
  };
  // MathJax is first a configuration and then the program itself, which takes the configuration's place.
  let mathjax = prepare(window.MathJax);
  Object.defineProperty(window, "MathJax", {
    configurable: true,
    enumerable: true,
    get: () => mathjax,
    set: (value) => (mathjax = prepare(value)),
  });
}
