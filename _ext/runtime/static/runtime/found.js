// Marks the words of a search on the page that it led to, opens what holds them, and goes to the first. Sphinx has
// the means, but leaves them alone on pages that carry the search itself, as all pages here do.
addEventListener("load", () => {
  const KEY = "sphinx_highlight_terms";
  const article = document.querySelector("article");
  if (!article || document.getElementById("search-results")) return;
  const stored = () => {
    try {
      const terms = localStorage.getItem(KEY);
      localStorage.removeItem(KEY);
      return terms;
    } catch {
      return null; // refused in some frames
    }
  };
  const terms = stored() ?? new URLSearchParams(location.search).get("highlight") ?? "";
  for (const term of terms.toLowerCase().split(/\s+/).filter(Boolean)) _highlightText(article, term, "highlighted");
  const marks = [...article.querySelectorAll(".highlighted")];
  for (const mark of marks) mark.closest(".deeper-rest[hidden]")?.dispatchEvent(new Event("beforematch"));
  if (!location.hash) marks[0]?.scrollIntoView({ block: "center", behavior: "instant" });
});
