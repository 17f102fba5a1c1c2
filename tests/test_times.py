"""The times of a chapter: what counts as in sight, and how it becomes minutes."""

from book_questions import question
from book_times import Load, core_load, deeper_load, deeper_sections
from docutils import nodes
from docutils.utils import new_document
from sphinx_exercise.nodes import exercise_node


def words(count):
    return nodes.paragraph("", " ".join(["word"] * count))


def section(title, *content, deeper=False):
    part = nodes.section("", nodes.title("", title), *content, ids=[title])
    part["classes"] += ["deeper"] * deeper
    return part


def page(*content):
    document = new_document("page")
    document += content
    return document


def cell(source, *outputs, **attributes):
    code = nodes.container("", nodes.literal_block("", source), nb_element="cell_code_source")
    shown = nodes.container("", *outputs, nb_element="cell_code_output")
    return nodes.container("", code, shown, nb_element="cell_code", **attributes)


def test_minutes_follow_from_words_formulas_and_lines():
    assert Load(words=2_000).minutes == 10
    assert Load(formulas=4).minutes == 3
    assert Load(lines=60).minutes == 5
    assert Load(words=200, formulas=4, lines=12).minutes == 5


def test_a_started_minute_counts_and_nothing_takes_none():
    assert Load(words=201).minutes == 2
    assert Load().minutes == 1


def test_words_are_counted_as_a_reader_counts_them():
    text = nodes.paragraph("", "Don't count 1,234.5 or a well-known KL-term twice: that's it.")
    assert core_load(page(text)).words == 10


def test_a_formula_in_the_line_is_a_word_and_a_displayed_one_a_formula():
    line = nodes.paragraph("", "let ", nodes.math("", "x = 1"))
    assert core_load(page(line, nodes.math_block("", "y = 2 \\cdot 3"))) == Load(2, 1)


def test_a_deeper_section_is_seen_by_its_title_and_first_paragraph_only():
    deeper = section("One two", words(5), words(400), nodes.math_block("", "x"), deeper=True)
    document = page(words(10), section("Three", words(3), deeper))
    assert core_load(document) == Load(words=10 + 1 + 3 + 2 + 5)
    assert deeper_sections(document) == [deeper]
    assert deeper_load(deeper) == Load(words=400, formulas=1)


def test_sections_inside_a_deeper_one_belong_to_it():
    inner = section("Inner", words(7))
    deeper = section("Outer", words(5), inner, deeper=True)
    assert core_load(page(deeper)) == Load(words=6)
    assert deeper_load(deeper) == Load(words=8)


def test_a_target_before_the_first_paragraph_does_not_hide_it():
    deeper = section("Outer", nodes.target(), words(5), words(9), deeper=True)
    assert core_load(page(deeper)) == Load(words=6)
    assert deeper_load(deeper) == Load(words=9)


def test_open_code_counts_by_its_lines_and_folded_code_does_not():
    source = "x = 1\n\n\ny = 2\n"
    assert core_load(page(cell(source))) == Load(lines=2)
    for folded in ("input", "check", "setup"):
        assert core_load(page(cell(source, hide_mode=folded))) == Load()


def test_a_claim_counts_by_its_statement_without_the_evidence():
    markup = (
        '<p class="aecore-claim"><span class="aecore-tick" role="img">✓</span> '
        'Three words here <span class="aecore-evidence">3.14 nats</span></p>'
    )
    bare = '<p class="aecore-claim"><span class="aecore-tick">✓</span> No more </p>'
    tick = nodes.raw("", markup, format="html")
    assert core_load(page(cell("", tick, hide_mode="check"))) == Load(words=3)
    assert core_load(page(nodes.raw("", bare, format="html"))) == Load(words=2)
    assert core_load(page(nodes.raw("", "<p>a picture in words</p>", format="html"))) == Load()


def test_captions_count_and_pictures_do_not():
    figure = nodes.figure("", nodes.image(alt="a long text"), nodes.caption("", "Two words."))
    assert core_load(page(figure)) == Load(words=2)


def test_exercises_are_apart_with_everything_in_their_section():
    exercise = exercise_node("", words(50), classes=["exercise"])
    document = page(words(4), section("Exercises", words(30), exercise, cell("a\nb")))
    assert core_load(document) == Load(words=4)


def test_questions_are_apart_too():
    document = page(words(4), section("Questions", words(9), question("", words(12))))
    assert core_load(document) == Load(words=4)


def test_dropdowns_do_not_count():
    box = nodes.admonition(
        "", nodes.title("", "How to run"), words(80), classes=["note", "dropdown"]
    )
    tip = nodes.admonition("", nodes.title("", "Predict first"), words(8), classes=["predict"])
    assert core_load(page(box, tip)) == Load(words=10)
