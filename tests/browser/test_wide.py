"""Wide widgets take the room beside the text; the text stays, and the page's contents step aside."""

from contextlib import contextmanager

import pytest
import small_book

TEXT = "Words that fill the page, and that nobody has to read. " * 40
SECTIONS = "\n\n".join(f"### Section {n}\n\n{TEXT}" for n in range(6))
PAGE = f"""---
jupytext: {{text_representation: {{format_name: myst}}}}
kernelspec: {{name: python3}}
---

# A page

{TEXT}

## The widget

```{{code-cell}} ipython3
:tags: [hide-input, wide]

from torch import nn

from aecore.live import LatentExplorer

LatentExplorer(nn.Sequential(nn.Linear(2, 784)), [[0.0, 0.0], [1.0, 2.0], [-1.0, -2.0]])
```

## After it

{SECTIONS}
"""
LAYOUT = """() => {
    const box = (selector) => {
        const { left, right, width } = document.querySelector(selector).getBoundingClientRect();
        return { left, right, width };
    };
    return {
        text: box("section > p"),
        widget: box(".aecore-live"),
        primary: box(".bd-sidebar-primary"),
        contents: box(".bd-sidebar-secondary"),
        page: document.documentElement.clientWidth,
        content: document.documentElement.scrollWidth,
    };
}"""
CONTENTS = ".bd-sidebar-secondary nav.page-toc"
TO_PLACE = """(place) => {
    scrollTo({ top: place, behavior: "instant" });
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    return frame().then(frame).then(frame);
}"""
BESIDE = """() => [".bd-sidebar-secondary", ".aecore-live"].map((selector) => {
    const { top, bottom, height } = document.querySelector(selector).getBoundingClientRect();
    return { top, bottom, height };
})"""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    with small_book.served(tmp_path_factory.mktemp("wide"), PAGE) as address:
        yield address


@pytest.fixture
def opened(browser, page_address, settle):
    """Opens the page with a wide widget: `with opened(width=1280) as page`."""

    @contextmanager
    def open_page(width, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        page = context.new_page()
        page.goto(page_address)
        if options.get("java_script_enabled", True):
            settle(page)
        yield page
        context.close()

    return open_page


def layouts(page):
    """Where things are with the wide widget, and where they would be if it were not wide."""
    wide = page.evaluate(LAYOUT)
    page.locator(".tag_wide").evaluate("(cell) => cell.classList.remove('tag_wide')")
    return wide, page.evaluate(LAYOUT)


@pytest.mark.parametrize("width", [1200, 1280, 1366, 1440, 1920])
def test_a_wide_widget_takes_the_room_beside_the_text_and_moves_nothing(opened, width):
    with opened(width) as page:
        wide, narrow = layouts(page)
    assert narrow["widget"]["width"] <= narrow["text"]["width"] < 900 <= wide["widget"]["width"]
    for part in ("text", "primary", "contents"):
        assert wide[part] == narrow[part]
    assert wide["primary"]["right"] < wide["widget"]["left"] == wide["text"]["left"]
    assert wide["widget"]["right"] <= width - 16
    assert wide["content"] <= wide["page"]


@pytest.mark.parametrize("width", [390, 1199])
def test_where_nothing_is_beside_the_text_the_tag_changes_nothing(opened, width):
    with opened(width) as page:
        wide, narrow = layouts(page)
    assert wide == narrow


def test_the_contents_step_aside_as_long_as_the_widget_is_beside_them(opened):
    with opened(1280, reduced_motion="reduce") as page:
        header = page.locator(".bd-header-article").bounding_box()["height"]
        end = page.locator(".tag_wide").evaluate("(cell) => cell.getBoundingClientRect().bottom")
        heights = []
        for place in range(0, round(end) + 200, 100):
            page.evaluate(TO_PLACE, place)
            contents, widget = page.evaluate(BESIDE)
            heights.append(contents["height"])
            meet = widget["top"] < contents["bottom"] and widget["bottom"] > header
            assert not meet or contents["height"] <= header, f"{place} px down the page"
        assert min(heights) <= header < 200 < heights[-1]


def test_who_walks_to_the_contents_by_keyboard_sees_them(opened):
    with opened(1280) as page:
        page.locator(".tag_wide").scroll_into_view_if_needed()
        page.wait_for_selector(".bd-sidebar-secondary.hide")
        link = page.locator(f"{CONTENTS} a").last
        link.focus()
        page.wait_for_function(
            "(nav) => getComputedStyle(nav).opacity === '1'",
            arg=page.locator(CONTENTS).element_handle(),
        )
        contents, last = (
            page.locator(".bd-sidebar-secondary").bounding_box(),
            link.bounding_box(),
        )
        assert last["y"] + last["height"] <= contents["y"] + contents["height"]


def test_without_javascript_and_on_paper_the_figure_has_the_width_of_the_text(opened):
    with opened(1280, java_script_enabled=False) as page:
        figure = page.locator(".tag_wide .aecore-static img").bounding_box()
        text = page.locator("section > p").first.bounding_box()
        assert figure["x"] >= text["x"]
        assert figure["x"] + figure["width"] <= text["x"] + text["width"]
    with opened(1280) as page:
        page.emulate_media(media="print")
        figure = page.locator(".tag_wide .aecore-static img").bounding_box()
        text = page.locator("section > p").first.bounding_box()
        assert figure["width"] > 500
        assert figure["x"] + figure["width"] <= text["x"] + text["width"]
