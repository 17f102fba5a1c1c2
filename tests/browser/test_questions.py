"""Questions to click, in a real browser: mouse, keyboard, screen reader, paper, and no JavaScript."""

import re
from contextlib import contextmanager

import pytest
import small_book
from test_pages import FAULTS

PLAIN = """
```{question} Number %d?
- [ ] One.

  There are %d.
- [x] The number of the question.

  It is %d.
```
"""
PAGE = r"""# A page

The text has a formula, $x^2$.

```{question} Which of these are nats, for $\alpha > 0$ and $\mathrm{KL}(q \,\|\, p)$?
- [ ] $x^2$, which is a number without a unit, whatever the length of this answer on a phone

  It is a square, $x^2$.
- [x] $-\log p(x)$

  A natural logarithm is counted in nats, and $x^2$ is not.
- [ ] Neither.

  One is.
```
""" + "\n".join(PLAIN % (n, n, n) for n in range(2, 6))
PLACES = {".book-answer-key": "key", ".book-reason": "reason", "summary": "answer", "p": "text"}
FONT_SIZES = """(places) => [...MathJax.startup.document.math]
    .filter(({ math }) => math === "x^2")
    .map(({ typesetRoot }) => [
        Object.entries(places).find(([selector]) => typesetRoot.closest(selector))[1],
        getComputedStyle(typesetRoot).fontSize,
    ])"""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    with small_book.served(tmp_path_factory.mktemp("questions"), PAGE) as address:
        yield address


@pytest.fixture
def asked(browser, page_address):
    """Opens the page with questions: `with asked(width=390) as page`."""

    host = page_address.partition("chapters")[0]

    @contextmanager
    def open_page(width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda r: r.url.startswith(host) or problems.append(r.url))
        page.goto(page_address)
        page.wait_for_load_state("networkidle")
        if options.get("java_script_enabled", True):
            page.evaluate("MathJax.startup.promise")
        yield page
        context.close()
        assert not problems

    return open_page


def test_the_keyboard_walks_through_the_answers_and_opens_them(asked):
    with asked() as page:
        page.locator("summary").first.focus()
        letters = []
        for _ in range(5):
            letters.append(page.evaluate("document.activeElement.firstElementChild.textContent"))
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            while not page.evaluate("document.activeElement.matches('summary')"):
                page.keyboard.press("Tab")  # a formula of the reason is a stop
        assert letters == ["A", "B", "C", "A", "B"]
        assert page.locator(".book-verdict:visible").all_inner_texts() == [
            "Not this one.",
            "Right.",
            "Not this one.",
            "Not this one.",
            "Right.",
        ]
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Space")
        assert page.locator(".book-answer[open]").count() == 4
        assert page.locator("summary :is(a, button, [tabindex='0'])").count() == 0


def test_the_focus_is_seen(asked):
    with asked() as page:
        page.keyboard.press("Tab")  # from here on it is the keyboard that moves the focus
        summary = page.locator("summary").first
        outline = "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"
        assert summary.evaluate(outline) != "solid2px"
        summary.focus()
        assert summary.evaluate(outline) == "solid2px"


def test_a_screen_reader_hears_questions_answers_and_verdicts(asked):
    with asked() as page:
        question = page.get_by_role("group", name="Question 2", exact=True)
        assert page.get_by_role("group", name=re.compile(r"^Question \d$")).count() == 5
        heard = question.get_by_role("status")
        assert heard.text_content() == ""
        right = question.locator("summary").nth(1)
        assert right.inner_text().split("\n")[0].strip() == "B"
        right.click()
        page.wait_for_function("(e) => e.textContent === 'Right.'", arg=heard.element_handle())
        question.locator("summary").first.click()
        page.wait_for_function(
            "(e) => e.textContent === 'Not this one.'", arg=heard.element_handle()
        )
        question.locator("summary").first.click()
        page.wait_for_function("(e) => e.textContent === ''", arg=heard.element_handle())


def test_a_reason_opens_below_what_was_pressed_and_moves_nothing_above_it(asked):
    with asked() as page:
        summary = page.locator("summary").nth(1)
        above = page.locator(".book-question > p, summary").all()[:3]
        before = [tag.bounding_box() for tag in above]
        summary.click()
        assert page.locator(".book-reason").nth(1).is_visible()
        assert [tag.bounding_box() for tag in above] == before


def test_formulas_are_of_one_size_in_the_text_and_in_what_opens_late(asked):
    with asked() as page:
        assert page.locator(".math:not(:has(mjx-container)):not(mjx-container .math)").count() == 0
        for summary in page.locator("summary").all():
            summary.click()
        sizes = page.evaluate(FONT_SIZES, PLACES)
        assert [place for place, _ in sizes] == ["text", "answer", "reason", "reason", "key"]
        assert len({size for _, size in sizes}) == 1, sizes


def test_answers_open_without_javascript(asked):
    with asked(java_script_enabled=False) as page:
        reason = page.locator(".book-reason").nth(3)
        assert not reason.is_visible()
        page.locator("summary").nth(3).click()
        assert reason.is_visible()
        assert reason.inner_text().split() == ["Not", "this", "one.", "There", "are", "2."]


def test_on_a_screen_the_key_is_neither_seen_nor_heard(asked):
    with asked() as page:
        assert page.locator(".book-answer-key").bounding_box()["height"] == 0
        assert not page.get_by_text("Answers to the five questions").is_visible()


def test_paper_has_no_verdicts_among_the_answers_and_the_right_ones_on_a_page_of_their_own(asked):
    with asked() as page:
        page.locator("summary").first.click()
        page.locator("summary").nth(1).click()
        colours = "s => [...document.querySelectorAll(s)].map(e => getComputedStyle(e).color)"
        page.emulate_media(media="print")
        assert page.locator(".book-reason:visible, .book-verdict:visible").count() == 0
        assert len(set(page.evaluate(colours, ".book-letter"))) == 1
        key = page.locator(".book-answer-key")
        assert "4. B. The number of the question.\n\nIt is 4." in key.inner_text()
        assert key.inner_text().count("It is") == 4 and "There are" not in key.inner_text()
        with_key = _sheets(page)
        page.add_style_tag(content=".book-answer-key { break-before: auto !important; }")
        assert with_key == _sheets(page) + 1


def _sheets(page) -> int:
    """Pages of paper that a page takes."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4")))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_questions_have_no_serious_accessibility_fault(asked, axe, scheme):
    with asked(color_scheme=scheme, reduced_motion="reduce") as page:
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        for summary in page.locator("summary").all()[:4]:
            summary.click()
        faults = page.evaluate(FAULTS, axe)
        assert not faults, "\n".join(faults)


def test_questions_fit_a_phone_and_a_finger(asked):
    with asked(width=390, has_touch=True) as page:
        for summary in page.locator("summary").all():
            assert summary.bounding_box()["height"] >= 40
            summary.tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        over = page.evaluate("""() => [...document.querySelectorAll(".book-question *")]
            .filter((e) => e.getBoundingClientRect().right > 390).map((e) => e.outerHTML)""")
        assert over == []
