// Runs before every other script of a page with widgets.

// ipywidgets typesets descriptions through an interface that only MathJax 2 had. Whatever object becomes
// MathJax (its configuration first, then MathJax itself) gets an inert copy of that interface.
{
  let mathjax = window.MathJax;
  Object.defineProperty(window, "MathJax", {
    configurable: true,
    enumerable: true,
    get: () => mathjax,
    set(value) {
      mathjax = value;
      if (mathjax && !mathjax.Hub) mathjax.Hub = { Queue() {} };
    },
  });
  window.MathJax = mathjax;
}
