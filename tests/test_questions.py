"""Questions to click: what a page and other builders get, and what the directive refuses."""

import os
import pickle
import re
import subprocess
import sys

import book_build
import pytest
from bs4 import BeautifulSoup

QUESTION = """```{question} Is $2 + 2$ equal to five?
- [ ] Yes, *always*.

  Two and two are four: {eq}`sum`.
- [x] No, $2 + 2 = 4$.

  Count them:

  $$ 1 + 1 + 1 + 1 = 4 $$ (four)
- [ ] On some days.

  Sums know no days.
```
"""
PLAIN = """```{question} Number %d?
- [x] One.

  Because of %d.
- [ ] Two.

  But there is one.
```
"""
PAGE = "\n".join(
    ["# Page", "$$ 2 + 2 $$ (sum)", QUESTION, *(PLAIN % (n, n) for n in range(2, 6)), "## End"]
)
OTHER = "\n".join(["# Other", *(PLAIN % (n, n) for n in range(1, 6))])

SETTINGS = """
extensions = ["myst_parser", "book_questions"]
myst_enable_extensions = ["dollarmath", "tasklist"]
exclude_patterns = ["out"]
"""


def build(folder, builder, text=PAGE):
    """Build a book of two pages; returns its folder, the exit status and what was said."""
    folder.mkdir(exist_ok=True)
    (folder / "page.md").write_text(text)
    (folder / "other.md").write_text(OTHER)
    contents = "```{toctree}\npage\nother\n```"
    (folder / "index.md").write_text(f"# Book\n\n{contents}\n")
    (folder / "conf.py").write_text(SETTINGS)
    target = folder / "out" / builder
    command = [sys.executable, "-m", "sphinx", "-W", "-j", "2", "-b", builder]
    done = subprocess.run(
        [*command, str(folder), str(target)],
        env={**os.environ, "PYTHONPATH": str(book_build.ROOT / "_ext")},
        capture_output=True,
        text=True,
    )
    return target, done.returncode, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Builds the small book for a builder, once: the folder of its pages."""
    folder = tmp_path_factory.mktemp("questions") / "book"
    done = {}

    def pages(builder):
        if builder not in done:
            done[builder], status, said = build(folder, builder)
            assert status == 0, said
        return done[builder]

    return pages


@pytest.fixture(scope="module")
def soup(built):
    return BeautifulSoup((built("html") / "page.html").read_text(encoding="utf-8"), "html.parser")


def words(tag):
    return " ".join(tag.get_text().split())


def test_the_questions_of_each_page_are_numbered_from_one(built):
    for page in ("page", "other"):
        text = (built("html") / f"{page}.html").read_text(encoding="utf-8")
        titles = BeautifulSoup(text, "html.parser").select(
            ".book-question > p:first-child > strong"
        )
        assert [words(title) for title in titles] == [f"Question {n}." for n in range(1, 6)]


def test_answers_keep_their_order_and_each_has_verdict_and_reason(soup):
    answers = soup.select_one(".book-question").select("details")
    assert [words(answer.summary) for answer in answers] == [
        "A Yes, always.",
        r"B No, \(2 + 2 = 4\).",
        "C On some days.",
    ]
    reasons = [words(answer.select_one(".book-reason")) for answer in answers]
    assert reasons[0] == "Not this one. Two and two are four: (1)."
    assert reasons[1].startswith("Right. Count them: (2)")
    assert reasons[2] == "Not this one. Sums know no days."


def test_no_answer_is_open_when_the_page_comes(soup):
    assert soup.select("details") and not soup.select("details[open]")


def test_right_answers_and_their_reasons_follow_at_the_end_of_the_page(soup):
    key = soup.select_one(".book-answer-key")
    assert key.find_next_sibling() is None and key.parent.find("h1", recursive=False)
    lines = [words(line) for line in key.select("p")]
    assert lines[:3] == [
        "Answers to the five questions",
        r"1. B. No, \(2 + 2 = 4\).",
        "Count them:",
    ]
    assert lines[3:] == [
        line for n in range(2, 6) for line in (f"{n}. A. One.", f"Because of {n}.")
    ]


def test_what_is_printed_twice_is_named_once(soup):
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert "equation-four" in ids
    assert len(ids) == len(set(ids))


def test_what_reads_a_page_reads_each_reason_once(built):
    doctree = pickle.loads((built("html") / ".doctrees/page.doctree").read_bytes())
    assert doctree.astext().count("Because of 3.") == 1


def test_only_pages_with_questions_load_the_script(built):
    with_script = [
        page.stem for page in built("html").glob("*.html") if "questions.js" in page.read_text()
    ]
    assert sorted(with_script) == ["other", "page"]


def test_other_builders_print_questions_and_then_the_right_answers(built):
    text = (built("text") / "page.txt").read_text(encoding="utf-8")
    questions, key = text.split("Answers to the five questions")
    assert "**Question 5.** Number 5?" in questions and "**B.** Two." in questions
    assert "Because" not in questions and "Sums know no days" not in text
    assert "**5. A.** One.\n\nBecause of 5." in key

    [latex] = built("latex").glob("*.tex")
    page, other = latex.read_text(encoding="utf-8").split(r"\chapter{")[1:]
    for chapter, numbers in ((page, "2345"), (other, "12345")):
        questions, key = chapter.split(r"\clearpage")
        assert "Because" not in questions
        assert re.findall(r"Because of (\d)", key) == list(numbers)

    one_page = (built("singlehtml") / "index.html").read_text(encoding="utf-8")
    keys = BeautifulSoup(one_page, "html.parser").select(".book-answer-key")
    assert [words(key).count("Because of") for key in keys] == [4, 5]


@pytest.mark.parametrize(
    ("written", "becomes", "said"),
    [
        ("[x]", "[ ]", "one answer is marked right with [x], not 0"),
        ("[ ]", "[x]", "one answer is marked right with [x], not 2"),
        ("- [ ] Two.\n\n  But there is one.\n", "", "2 to 4 answers, not 1"),
        ("\n\n  But there is one.", "", "answer B has no reason"),
        ("- [ ] Two.", "- Two.", "answer B begins with neither [ ] nor [x]"),
        ("one.\n```", "one.\n\nMore.\n```", "its answers are a list, and the list comes last"),
        (PLAIN.split("\n", 1)[1].removesuffix("```\n") % 2, "", "its answers are a list"),
        ("Number 2?", "", "1 argument(s) required, 0 supplied"),
        (PLAIN % (2, 2), "", "A page with questions has 5 of them, not 4"),
        (PLAIN % (2, 2), PLAIN % (2, 2) * 2, "A page with questions has 5 of them, not 6"),
    ],
)
def test_a_question_that_cannot_be_answered_stops_the_build(tmp_path, written, becomes, said):
    asked = PLAIN % (2, 2)
    assert written in asked
    _, status, messages = build(
        tmp_path, "html", PAGE.replace(asked, asked.replace(written, becomes))
    )
    assert status and said in messages, messages


def test_the_refusal_names_the_question(tmp_path):
    _, _, messages = build(tmp_path, "html", PAGE.replace("- [x] No,", "- [ ] No,"))
    assert 'The question "Is $2 + 2$ equal to five?"' in messages and "page.md:" in messages
