// Runs before every other script of a page with widgets.
{
  const FORMULAS_AT_ONCE = 6;
  let told;
  /** Settled when the widgets in sight are alive, or after a few seconds without them. */
  const alive = new Promise((resolve) => (told = resolve));
  setTimeout(told, 5000);
  const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done, { timeout: 500 }));
  window.bookWidgets = { alive, idle, tellAlive: told };

  /** Typesets a page a few formulas at a time, from where the reader is to the end: a slider answers meanwhile. */
  const typeset = async () => {
    await alive;
    const formulas = [...document.querySelectorAll(".math")];
    const here = formulas.findIndex((formula) => formula.getBoundingClientRect().bottom > 0);
    const inOrder = [...formulas.slice(Math.max(0, here)), ...formulas.slice(0, Math.max(0, here))];
    while (inOrder.length) {
      await window.MathJax.typesetPromise(inOrder.splice(0, FORMULAS_AT_ONCE));
      await idle();
    }
  };

  // ipywidgets typesets descriptions through an interface that only MathJax 2 had; it gets an inert copy.
  const prepare = (mathjax) => {
    if (!mathjax) return mathjax;
    mathjax.Hub ??= { Queue() {} };
    if (!mathjax.version) mathjax.startup = { ...mathjax.startup, pageReady: typeset };
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
