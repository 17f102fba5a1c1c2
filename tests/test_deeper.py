"""Deeper sections and folded checks, in a small book of one page."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

EXTENSIONS = Path(__file__).resolve().parent.parent / "_ext"
SETTINGS = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_nb", "book_times", "book_checks", "book_deeper"]
myst_enable_extensions = ["attrs_block", "colon_fence", "dollarmath"]
nb_execution_mode = "off"
html_theme = "basic"
"""
MARK = "{.deeper}\n"
TIMES = "```{times}\n```\n"
TICK = '<p class="aecore-claim"><span class="aecore-tick">✓</span> It holds </p>'


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def code(source, *tags, shows=None):
    outputs = [nbformat.v4.new_output("display_data", {"text/html": shows})] if shows else []
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)


@pytest.fixture
def build(tmp_path):
    """Builds a page of these cells; gives the page, parsed, and what Sphinx said."""

    def build_page(*cells):
        (tmp_path / "conf.py").write_text(SETTINGS)
        python = {"language_info": {"name": "python", "pygments_lexer": "python3"}}
        notebook = nbformat.v4.new_notebook(cells=[text("# A page"), *cells], metadata=python)
        nbformat.write(notebook, tmp_path / "index.ipynb")
        command = [sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(tmp_path / "out")]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        html = (tmp_path / "out/index.html").read_text(encoding="utf-8")
        return BeautifulSoup(html, "html.parser"), run.stderr

    return build_page


def test_a_marked_section_is_folded_behind_its_heading_and_sentence(build):
    page, said = build(
        text(f"## Core\n\nSeen.\n\n{MARK}## Proof\n\nWhy it holds.\n\nFirst step."),
        code("step = 2"),
        text("### A lemma\n\nMore.\n\n## Core again\n\nSeen too."),
    )
    assert not said
    section = page.select_one("section#proof.deeper")
    rest = section.select_one(":scope > .deeper-rest")
    assert section.h2.get_text().startswith("Proof")
    assert section.select_one(":scope > .deeper-shows").get_text() == "Why it holds."
    assert "First step." in rest.get_text()
    assert "step" in rest.select_one(".cell").get_text()
    assert rest.select_one("#a-lemma")
    assert not page.select_one(".deeper #core-again")


def test_the_button_says_what_it_opens_and_how_long_that_takes(build):
    long = " ".join(["word"] * 410)
    page, _ = build(text(f"{MARK}## A <b> & c\n\nSentence.\n\n{long}"))
    button = page.select_one("button.deeper-button")
    assert button["aria-expanded"] == "false"
    assert page.find(id=button["aria-controls"])["class"][0] == "deeper-rest"
    assert button.get_text(" ", strip=True) == "Deeper 3 minutes"
    assert button["aria-label"] == "Deeper 3 minutes: A <b> & c"


def test_a_label_may_stand_above_the_mark(build):
    page, said = build(text(f"See {{ref}}`here`.\n\n(here)=\n{MARK}## Proof\n\nWhy.\n\nRest."))
    assert not said
    target = page.select_one('a.reference[href="#here"], a.reference[href="#proof"]')["href"]
    assert page.find(id=target.removeprefix("#"))


def test_times_list_the_deeper_sections_with_links(build):
    page, said = build(
        text(f"{TIMES}\n" + " ".join(["word"] * 600)),
        text(f"{MARK}## One\n\nWhat.\n\n" + " ".join(["word"] * 300)),
        text(f"{MARK}## Two\n\nWhat.\n\nShort."),
    )
    box = page.select_one(".book-times")
    assert not said
    # Beyond the six hundred: two words of the title, and of each deeper section its heading and sentence.
    assert (
        "The core path takes 4 minutes (606 words, 0 formulas, 0 lines of code)." in box.get_text()
    )
    assert "3 minutes in all" in box.get_text()
    items = {item.a["href"]: item.get_text(strip=True) for item in box.select("li")}
    assert items == {"#one": "One, 2 min", "#two": "Two, 1 min"}


def test_a_deeper_section_needs_a_sentence_and_holds_no_other(build):
    _, said = build(text(f"{MARK}## One\n\n- a list\n- of points\n"))
    assert "one sentence that says what it shows" in said
    _, said = build(text(f"{MARK}## One\n\nWhat.\n\n{MARK}### Inner\n\nWhat.\n\nRest."))
    assert "mark only the outer one" in said


def test_a_checking_cell_shows_its_ticks_and_folds_its_code_below_them(build):
    page, said = build(code("claim('It holds', True)", "check", shows=TICK))
    assert not said
    output, fold = page.select_one("div.cell").find_all(recursive=False)
    assert output.select_one(".aecore-claim")
    assert fold.name == "details" and not fold.has_attr("open")
    assert "How it was checked" in fold.summary.get_text()
    assert "claim(" in fold.get_text()


def test_neighbouring_cells_that_only_prepare_share_one_toggle(build):
    page, _ = build(
        code("a = 1", "hide-input"),
        code("b = 2", "hide-input"),
        code("draw(a, b)", "hide-input", shows="<b>picture</b>"),
        code("c = 3", "hide-input"),
        text("Words between."),
        code("d = 4", "hide-input"),
        code("teach(d)"),
    )
    folds = [fold.get_text() for fold in page.select("details")]
    assert len(folds) == 4
    assert [("Setup" in fold) for fold in folds] == [True, False, True, True]
    assert "a = 1" in folds[0] and "b = 2" in folds[0]
    assert "c = 3" in folds[2] and "d = 4" not in folds[2]
    assert "teach" not in "".join(folds)
