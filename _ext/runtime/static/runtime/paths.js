// Tells require.js where this book keeps widget modules: in the folder of this very script.
{
  const here = new URL(".", document.currentScript.src).href.replace(/\/$/, "");
  window.requirejs.config({
    baseUrl: here,
    paths: {
      // Their addresses only serve to resolve the web fonts beside them; the modules are in embed-amd.js.
      "@jupyter-widgets/html-manager": `${here}/html-manager`,
      "@jupyter-widgets/html-manager/dist/libembed-amd": `${here}/libembed-amd`,
    },
  });
}
