// Brings the saved widgets of the page to life, each on its own: those in sight at once; then, when the equations
// are typeset, the others one by one, or as soon as the reader comes near. So a page with many widgets answers as
// early as a page with one.
{
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const MODULES = ["@jupyter-widgets/html-manager", "@jupyter-widgets/html-manager/dist/libembed-amd", "anywidget"];
  const REFERENCE = /"IPY_MODEL_([^"]+)"/g;

  const contents = (script) => JSON.parse(script.textContent);
  const QUIET_MS = 100;

  /** Until nothing has changed in an output for a while: a view is displayed before its parts are drawn. */
  const quiet = (box) =>
    new Promise((done) => {
      let timer = 0;
      const observer = new MutationObserver(() => wait());
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => done(observer.disconnect()), QUIET_MS);
      };
      observer.observe(box, { childList: true, subtree: true });
      wait();
    });

  /** For each model of a saved state, the models that it names. */
  const references = (models) =>
    new Map(
      Object.entries(models).map(([id, { state }]) => [
        id,
        [...JSON.stringify(state).matchAll(REFERENCE)].map(([, other]) => other),
      ]),
    );

  /** A model, all that it is made of, and the links that act on any of that. */
  const family = (id, named) => {
    const found = new Set();
    const follow = (model) => {
      if (found.has(model) || !named.has(model)) return;
      found.add(model);
      named.get(model).forEach(follow);
    };
    follow(id);
    const nobodyNames = new Set(named.keys());
    for (const [, others] of named) others.forEach((other) => nobodyNames.delete(other));
    for (const link of nobodyNames) if (named.get(link).some((model) => found.has(model))) follow(link);
    return found;
  };

  const revive = ({ HTMLManager }, { requireLoader }) => {
    const saved = document.querySelector(STATE);
    if (!saved) return window.bookWidgets.tellAlive();
    const { state: models, ...format } = contents(saved);
    const named = references(models);
    const manager = new HTMLManager({ loader: requireLoader });
    const views = new Map([...document.querySelectorAll(VIEW)].map((script) => [script.parentElement, script]));
    const started = new Map();

    /** Draws the widget of an output; its class then tells the style sheet to put the static figure away. */
    const draw = async (box, script) => {
      const { model_id: id } = contents(script);
      const state = Object.fromEntries([...family(id, named)].map((model) => [model, models[model]]));
      await manager.set_state({ ...format, state });
      const area = document.createElement("div");
      area.className = "widget-subarea";
      script.before(area);
      await manager.display_view(await manager.create_view(await manager.get_model(id)), area);
      box.classList.add("is-live");
    };
    const start = (box) => {
      if (!started.has(box)) started.set(box, draw(box, views.get(box)).catch((error) => console.error(error)));
      return started.get(box);
    };

    // A folded widget has no size yet: it starts when it is opened.
    const isFolded = (box) => box.closest(".deeper-rest[hidden]");
    const startAll = async (boxes) => {
      for (const box of boxes) await window.bookWidgets.idle().then(() => isFolded(box) || start(box));
    };
    document.addEventListener("deeper-open", ({ target }) => startAll([...views.keys()].filter((box) => target.contains(box))));
    let looked = false;
    const observer = new IntersectionObserver(
      async (entries) => {
        const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
        const first = !looked;
        looked = true;
        await Promise.all(near.map((box) => start(box).then(() => quiet(box))));
        if (!first) return;
        window.bookWidgets.tellAlive();
        await window.MathJax?.startup?.promise;
        await startAll(views.keys());
      },
      { rootMargin: "50% 0px" },
    );
    views.forEach((script, box) => observer.observe(box));
  };

  window.require(MODULES, revive);
}
