"""Deeper sections in a real browser: folded at first, and opened by whatever leads into them."""

import pytest
from test_form import WITH

CLOSED, OPENED = ".deeper-rest[hidden]", ".deeper-rest:not([hidden])"
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("refused", "SecurityError"); } });"""
IN_SIGHT = """(element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && bottom > 0 && top < innerHeight;
}"""


@pytest.fixture(scope="module", params=WITH)
def name(request):
    return f"chapters/{request.param}"


@pytest.fixture
def folded(visit, name):
    with visit(name, folded=True) as opened:
        yield opened.page
    assert not opened.problems


def test_sections_begin_folded_and_their_heading_and_sentence_are_seen(folded):
    sections = folded.locator("section.deeper").all()
    assert sections
    for section in sections:
        assert section.locator(":scope > .deeper-shows").is_visible()
        assert section.locator(".deeper-button").get_attribute("aria-expanded") == "false"
        assert section.locator(":scope > .deeper-rest").bounding_box()["height"] == 0


def test_a_button_opens_by_keyboard_and_folds_again(folded):
    button = folded.locator(".deeper-button").first
    box = folded.locator(".deeper-rest").first
    button.focus()
    folded.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert box.bounding_box()["height"] > 100
    assert folded.evaluate("document.activeElement.className") == "deeper-button"
    folded.keyboard.press("Space")
    assert button.get_attribute("aria-expanded") == "false"
    assert box.bounding_box()["height"] == 0


def test_the_tab_key_passes_what_is_folded(folded):
    folded.locator(".deeper-button").first.focus()
    folded.keyboard.press("Tab")
    assert not folded.evaluate("!!document.activeElement.closest('.deeper-rest')")


def test_formulas_and_widgets_inside_are_drawn_when_they_are_opened(folded):
    formulas = folded.locator(f"{CLOSED} .math").count()
    widgets = folded.locator(f"{CLOSED} .cell_output:has(.aecore-static)").count()
    assert formulas
    assert not folded.locator(f"{CLOSED} mjx-container").count()
    for button in folded.locator(".deeper-button").all():
        button.click()
    folded.wait_for_function(
        "(n) => document.querySelectorAll('.deeper-rest .math mjx-container').length === n",
        arg=formulas,
    )
    folded.wait_for_function(
        "(n) => document.querySelectorAll('.deeper-rest .cell_output.is-live').length === n",
        arg=widgets,
    )
    empty = """() => [...document.querySelectorAll(".deeper-rest .widget-subarea canvas")]
        .filter((canvas) => canvas.checkVisibility() && !(canvas.width && canvas.clientWidth)).length"""
    assert folded.evaluate(empty) == 0


def test_an_address_opens_what_it_leads_into(visit, address, name):
    with visit(name, folded=True) as opened:
        page = opened.page
        targets = page.evaluate("""() => [...document.querySelectorAll(".deeper-rest")]
            .map((box) => box.querySelector(":is(figure, div.math)[id], section[id]")?.id).filter(Boolean)""")
        assert targets
        page.goto("about:blank")
        page.goto(f"{address}{name}.html#{targets[-1]}")
        target = page.locator(f"[id='{targets[-1]}']")
        page.wait_for_function(IN_SIGHT, arg=target.element_handle())
        assert page.locator(OPENED).count() == 1


def test_a_link_opens_what_it_leads_to_and_the_back_button_finds_it_open(visit, address, name):
    with visit(name, folded=True) as opened:
        page = opened.page
        link = page.locator(".book-times a").first
        link.click()
        section = page.locator(f"[id='{link.get_attribute('href').removeprefix('#')}']")
        page.wait_for_function(IN_SIGHT, arg=section.element_handle())
        assert section.locator(".deeper-button").get_attribute("aria-expanded") == "true"
        page.goto(f"{address}appendices/glossary.html")
        page.go_back()
        page.wait_for_selector(OPENED)
        section.locator(".deeper-button").click()  # folded by hand, the same link opens it again
        link.click()
        assert section.locator(".deeper-button").get_attribute("aria-expanded") == "true"


def test_the_words_of_a_search_are_opened(visit, address, name):
    with visit(name, folded=True) as opened:
        page = opened.page
        word = page.evaluate("""() => {
            const words = (element) => element.textContent.toLowerCase().match(/\\b[a-z]{7,}\\b/g) ?? [];
            const copy = document.querySelector("article").cloneNode(true);
            copy.querySelectorAll(".deeper-rest").forEach((rest) => rest.remove());
            const outside = copy.textContent.toLowerCase();
            const inside = [...document.querySelectorAll(".deeper-rest > p")].flatMap(words);
            return inside.find((word) => !outside.includes(word));
        }""")
        assert word
        page.evaluate("(word) => localStorage.setItem('sphinx_highlight_terms', word)", word)
        page.goto("about:blank")
        page.goto(f"{address}{name}.html")  # as a click on a hit does
        mark = page.locator(f"{OPENED} .highlighted").first
        mark.wait_for()
        assert mark.evaluate(IN_SIGHT)
        assert page.locator(f"{CLOSED} .highlighted").count() == 0
        page.goto(f"{address}search.html?q={word}")
        page.locator("#search-results li a").first.wait_for()
        page.locator(f"#search-results a[href*='{name}']").first.click()
        page.locator(f"{OPENED} .highlighted").first.wait_for()


def test_the_switch_opens_all_and_is_remembered(visit, name):
    with visit(name, folded=True) as opened:
        page = opened.page
        switch = page.locator(".deeper-switch")
        assert switch.get_attribute("aria-checked") == "false"
        switch.focus()
        page.keyboard.press("Space")
        assert page.locator(CLOSED).count() == 0
        page.reload()
        page.wait_for_selector('.deeper-switch[aria-checked="true"]')
        assert page.locator(CLOSED).count() == 0
        switch.click()
        assert page.locator(OPENED).count() == 0
        page.reload()
        page.wait_for_selector('.deeper-switch[aria-checked="false"]')
        assert page.locator(OPENED).count() == 0


def test_the_switch_leaves_what_is_read_where_it_is(visit, name):
    with visit(name, folded=True) as opened:
        page = opened.page
        heading = page.locator("article h2:not(.deeper-rest h2)").nth(3)
        heading.evaluate(
            "(element) => element.scrollIntoView({ block: 'start', behavior: 'instant' })"
        )
        before = heading.bounding_box()["y"]
        for _ in range(2):
            # Not Playwright's click, which scrolls to what sticks to the top already.
            page.locator(".deeper-switch").evaluate("(element) => element.click()")
            assert abs(heading.bounding_box()["y"] - before) < 60


def test_everything_works_where_storage_is_refused(browser, address, name):
    context = browser.new_context()
    context.add_init_script(NO_STORAGE)
    page = context.new_page()
    page.goto(f"{address}{name}.html")
    page.wait_for_selector(CLOSED, state="attached")
    page.locator(".deeper-switch").click()
    assert page.locator(CLOSED).count() == 0
    page.locator(".deeper-button").first.click()
    assert page.locator(CLOSED).count() == 1
    context.close()


def test_without_javascript_everything_is_there(browser, address, name):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}{name}.html")
    for box in page.locator(".deeper-rest").all():
        assert box.bounding_box()["height"] > 100
    assert not page.locator(".deeper-button").first.is_visible()
    assert not page.locator(".deeper-switch").first.is_visible()
    context.close()


def test_paper_shows_everything(folded):
    folded.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    folded.emulate_media(media="print")
    for box in folded.locator(".deeper-rest").all():
        assert box.bounding_box()["height"] > 100
    assert not folded.locator(".deeper-button").first.is_visible()
    assert (
        folded.locator(".deeper-rest .math:not(:has(mjx-container)):not(mjx-container *)").count()
        == 0
    )


def test_the_contents_say_which_sections_are_deeper(folded):
    marked = folded.locator("#pst-page-toc-nav a:has(.deeper-mark)").evaluate_all(
        "(links) => links.map((link) => link.getAttribute('href'))"
    )
    deeper = folded.locator("section.deeper").evaluate_all("(all) => all.map(({ id }) => `#${id}`)")
    assert marked == deeper
