// Runs before every other script of a page with widgets.
{
  const FORMULAS_AT_ONCE = 6;
  let told;
  /** Settled when the widgets in sight are alive, or after a few seconds without them. */
  const alive = new Promise((resolve) => (told = resolve));
  setTimeout(told, 5000);
  const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done, { timeout: 500 }));
  window.bookWidgets = { alive, idle, tellAlive: told };

  /** Typesets formulas a few at a time: a slider answers meanwhile. What is folded waits until it is opened. */
  const waiting = new Set();
  let before = Promise.resolve(); // MathJax does one thing at a time
  const typeset = async (formulas) => {
    const inOrder = formulas.filter((formula) => waiting.has(formula) && !formula.closest(".deeper-rest[hidden]"));
    inOrder.forEach((formula) => waiting.delete(formula));
    while (inOrder.length) {
      const few = inOrder.splice(0, FORMULAS_AT_ONCE);
      await (before = before.then(() => window.MathJax.typesetPromise(few)));
      await idle();
    }
  };
  /** Typesets a page, from where the reader is to the end and then the rest. */
  const typesetPage = async () => {
    const formulas = [...document.querySelectorAll(".math")];
    formulas.forEach((formula) => waiting.add(formula));
    document.addEventListener("deeper-open", ({ target }) => typeset([...target.querySelectorAll(".math")]));
    addEventListener("beforeprint", () => {
      window.MathJax.typeset([...waiting]);
      waiting.clear();
    });
    await alive;
    const here = formulas.findIndex((formula) => formula.getBoundingClientRect().bottom > 0);
    await typeset([...formulas.slice(Math.max(0, here)), ...formulas.slice(0, Math.max(0, here))]);
  };

  // ipywidgets typesets descriptions through an interface that only MathJax 2 had; it gets an inert copy.
  const prepare = (mathjax) => {
    if (!mathjax) return mathjax;
    mathjax.Hub ??= { Queue() {} };
    if (!mathjax.version) mathjax.startup = { ...mathjax.startup, pageReady: typesetPage };
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
