"""Every built page in a real browser: silent, self-contained, accessible, and fit for a phone."""

import gzip

import pytest
from book_build import pages

PAGES = [*pages(), "search"]
WIRE_LIMIT = 3_000_000
VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]'

FAULTS = """(source) => {
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
    return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
        violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) => nodes.map((node) =>
                `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`)));
}"""
# Equations that have to be scrolled sideways, and by how much: their name, or their beginning.
TOO_WIDE = """() => [...document.querySelectorAll("div.math")].flatMap((box) => {
    const parts = [box, ...box.querySelectorAll("mjx-container, mjx-math, mjx-mtable, mjx-table")];
    const over = Math.max(...parts.map((part) => part.scrollWidth - part.clientWidth));
    return over > 2 ? [`${box.id || box.textContent.slice(0, 60)}: ${over} px`] : [];
})"""
# Formulas in the text that reach beyond it, and by how much. What is folded is opened first.
BEYOND_THE_TEXT = """() => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    for (const fold of document.querySelectorAll(".toggle-hidden")) fold.classList.remove("toggle-hidden");
    const inline = [...MathJax.startup.document.math].filter(({ display }) => !display);
    return inline.flatMap(({ math, typesetRoot }) => {
        const text = typesetRoot.closest("p, li, td, dd, div").getBoundingClientRect();
        const drawn = typesetRoot.querySelector("mjx-math") ?? typesetRoot;
        const over = Math.round(drawn.getBoundingClientRect().right - text.right);
        return over > 2 ? [`${math}: ${over} px`] : [];
    });
}"""
COLUMNS = 84
# Code, folded or not, whose lines are no longer than that, and which is cut all the same or too small.
CUT_CODE = """(most) => {
    const folded = [...document.querySelectorAll("details:not([open])")];
    for (const fold of folded) fold.open = true;
    const cut = [...document.querySelectorAll(".cell_input pre")].flatMap((code) => {
        const columns = Math.max(...code.textContent.split("\\n").map((line) => [...line].length));
        const over = code.scrollWidth - code.clientWidth;
        const size = parseFloat(getComputedStyle(code).fontSize);
        if (columns > most || (over <= 0 && size >= 12.5)) return [];
        return [`${columns} columns, ${over} px too wide at ${size} px: ${code.textContent.slice(0, 60)}`];
    });
    for (const fold of folded) fold.open = false;
    return cut;
}"""
WIDEST = """() => [...document.querySelectorAll("body *")]
    .map((e) => [Math.round(e.getBoundingClientRect().right), e.outerHTML.slice(0, 120)])
    .sort((a, b) => b[0] - a[0]).slice(0, 3).join(" | ")"""


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def opened(visit, name):
    """The page as a reader with a wide, light screen has it."""
    with visit(name, color_scheme="light", reduced_motion="reduce") as opened:
        yield opened


def test_every_built_page_is_one_that_the_tests_visit(book):
    built = {path.relative_to(book).with_suffix("").as_posix() for path in book.rglob("*.html")}
    assert built == {*PAGES, "index"}


def test_page_is_silent_and_asks_no_other_host(opened):
    assert not opened.problems


def test_page_is_light_on_the_wire(opened, book):
    weights = {file: _compressed(book / file.lstrip("/")) for file in opened.files}
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:5]
    assert opened.files
    assert sum(weights.values()) < WIRE_LIMIT, (
        f"{sum(weights.values()):,} bytes, of them {heaviest}"
    )


def test_equations_are_typeset(opened):
    page = opened.page
    untouched = page.locator(".math:not(:has(mjx-container)):not(mjx-container .math)")
    assert untouched.all_inner_texts() == []
    assert page.locator("mjx-merror").all_inner_texts() == []


def test_equations_fit_a_laptop(opened):
    assert opened.page.evaluate(TOO_WIDE) == []


def test_code_fits_a_laptop(opened):
    assert opened.page.evaluate(CUT_CODE, COLUMNS) == []


def test_every_icon_is_drawn(opened):
    icons = opened.page.evaluate(
        """() => [...document.querySelectorAll("i[class*='fa-'], span[class*='fa-']")]
            .map((icon) => [icon.className, getComputedStyle(icon, "::before").content])"""
    )
    assert icons
    assert [name for name, content in icons if content in ("none", "normal")] == []


def test_page_has_no_serious_accessibility_fault_in_light_mode(opened, axe):
    assert opened.page.evaluate("document.documentElement.dataset.theme") == "light"
    faults = opened.page.evaluate(FAULTS, axe)
    assert not faults, "\n".join(faults)


def test_page_has_no_serious_accessibility_fault_in_dark_mode(visit, axe, name):
    with visit(name, color_scheme="dark", reduced_motion="reduce") as dark:
        assert dark.page.evaluate("document.documentElement.dataset.theme") == "dark"
        faults = dark.page.evaluate(FAULTS, axe)
    assert not faults, "\n".join(faults)


def test_page_fits_a_phone(visit, name):
    with visit(name, width=390, height=844, has_touch=True, device_scale_factor=2) as phone:
        inner, outer, widest = phone.page.evaluate(
            f"""() => [document.documentElement.scrollWidth, document.documentElement.clientWidth,
                ({WIDEST})()]"""
        )
        assert inner <= outer, f"{inner} px of content in {outer} px: {widest}"
        if phone.page.locator("mjx-container").count():
            assert phone.page.evaluate(BEYOND_THE_TEXT) == []


def test_static_figures_stand_in_without_javascript(visit, name):
    with visit(name, java_script_enabled=False, settle=False) as plain:
        for output in _widget_outputs(plain.page):
            assert _visible_figures(output) == 1, output.inner_html()[:300]


def test_static_figures_stand_in_on_paper(opened):
    page = opened.page
    for output in _widget_outputs(page):
        assert _visible_figures(output) == 0, "the static figure stays beside the live widget"
    page.emulate_media(media="print")
    try:
        for output in _widget_outputs(page):
            assert _visible_figures(output) == 1
            assert not output.locator(".widget-subarea").first.is_visible()
    finally:
        page.emulate_media(media="screen")


def _compressed(path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def _widget_outputs(page):
    return page.locator(f".cell_output:has({VIEW})").all()


def _visible_figures(output) -> int:
    figures = output.locator(".aecore-static img[alt]").all()
    return sum(figure.is_visible() and figure.bounding_box()["width"] > 100 for figure in figures)
