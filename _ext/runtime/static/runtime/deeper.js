// Folds the deeper sections of a page, and opens them: by their buttons, by the switch in the header, and for
// whatever leads into one. The page's head has already said whether it begins folded.
{
  const KEY = "book-deeper";
  const HEADER = 64; // px of the page that the header covers
  const root = document.documentElement;
  const boxes = [...document.querySelectorAll(".deeper-rest")];
  const buttons = new Map(boxes.map((box) => [box, document.querySelector(`[aria-controls="${CSS.escape(box.id)}"]`)]));
  const allSwitch = document.querySelector(".deeper-switch");

  const isOpen = (box) => !box.hasAttribute("hidden");
  const boxesAround = (element) => boxes.filter((box) => box.contains(element));

  /** Storage and history are refused in some frames; then nothing is remembered. */
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };

  /** What is open goes with this visit's entry in the history, so that the back button finds it open. */
  const noteInHistory = () =>
    attempt(() => {
      const deeper = boxes.filter(isOpen).map((box) => box.id);
      history.replaceState({ ...history.state, deeper }, "");
    });

  const set = (box, open) => {
    if (open === isOpen(box)) return;
    box.toggleAttribute("hidden", !open);
    // The browser's own search finds what is folded so, and opens it.
    if (!open) box.setAttribute("hidden", "until-found");
    buttons.get(box).setAttribute("aria-expanded", open);
    if (open) box.dispatchEvent(new Event("deeper-open", { bubbles: true }));
    allSwitch.setAttribute("aria-checked", boxes.every(isOpen));
  };

  const open = (some) => {
    const folded = some.filter((box) => !isOpen(box));
    folded.forEach((box) => set(box, true));
    if (folded.length) noteInHistory();
    return folded.length > 0;
  };

  const setAll = (all) => {
    attempt(() => (all ? localStorage.setItem(KEY, "open") : localStorage.removeItem(KEY)));
    // What the reader is looking at stays where it is; if it is folded away, its heading takes its place.
    const seen = [...document.querySelectorAll(".bd-article :is(h1, h2, h3, p, li, figure, div.cell)")];
    const here = seen.find((element) =>
      !element.closest(".deeper-rest[hidden]") && element.getBoundingClientRect().bottom > HEADER);
    const top = here?.getBoundingClientRect().top;
    boxes.forEach((box) => set(box, all));
    const foldedAway = boxesAround(here).find((box) => !isOpen(box));
    if (foldedAway) foldedAway.parentElement.scrollIntoView({ behavior: "instant" });
    else if (here) scrollBy({ top: here.getBoundingClientRect().top - top, behavior: "instant" });
    noteInHistory();
  };

  /** Opens what the address leads into, or to: a section, a figure, an equation. */
  const openTarget = () => {
    const target = document.getElementById(attempt(() => decodeURIComponent(location.hash.slice(1))) ?? "");
    if (!target) return;
    const own = target.matches("section.deeper") ? [target.querySelector(":scope > .deeper-rest")] : [];
    if (open([...own, ...boxesAround(target)])) target.scrollIntoView({ behavior: "instant" });
    noteInHistory();
  };

  const begin = () => {
    const folded = root.classList.contains("book-folds");
    for (const box of boxes) {
      if (folded) box.setAttribute("hidden", "until-found");
      const button = buttons.get(box);
      button.setAttribute("aria-expanded", !folded);
      button.addEventListener("click", () => {
        set(box, !isOpen(box));
        noteInHistory();
      });
      box.addEventListener("beforematch", () => open([box]));
    }
    root.classList.remove("book-folds");
    allSwitch.setAttribute("aria-checked", !folded);
    allSwitch.addEventListener("click", () => setAll(allSwitch.getAttribute("aria-checked") !== "true"));
    const before = attempt(() => history.state?.deeper) ?? [];
    open(boxes.filter((box) => before.includes(box.id)));
    openTarget();
    addEventListener("hashchange", openTarget);
    // A link to where the address already points changes no address.
    document.addEventListener("click", ({ target }) => {
      const link = target.closest?.('a[href*="#"]');
      if (link && link.href === location.href) openTarget();
    });
    addEventListener("load", noteInHistory); // Sphinx has just emptied the entry's state
  };
  if (boxes.length) begin();
}
