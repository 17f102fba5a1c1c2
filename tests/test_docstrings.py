"""What the package's docstrings say, and how their plain text becomes markup for the appendix about it."""

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import book_api
import pytest
from book_docstrings import to_rst

PUBLIC = book_api.public_objects()
LINKED = {"fit": "aecore.training.fit", "DataError": "aecore.mnist.DataError"}


def rst(text, arguments=()):
    return to_rst(text, arguments, LINKED.get).strip()


def function_of(value):
    """The function behind a method, a property or a decorated function; a class is itself."""
    value = getattr(value, "fget", None) or getattr(value, "__func__", value)
    return inspect.unwrap(value)


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """The functions that a file defines, by name, and methods as Class.method."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        methods = (node for node in owner.body if isinstance(node, ast.FunctionDef))
        found |= {f"{owner.name}.{node.name}": node for node in methods}
    return found


def raises(name: str, path: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function raises an error of its own, itself or through a function of its module."""
    if name in seen or name not in functions(path):
        return False
    for node in ast.walk(functions(path)[name]):
        match node:
            case ast.Raise(exc=ast.AST()):
                return True
            case ast.Call(func=ast.Name(id=called)) if raises(called, path, seen | {name}):
                return True
    return False


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_described_argument_by_argument(name):
    value = function_of(PUBLIC[name])
    description = inspect.getdoc(value)
    assert description and description.split("\n\n")[0].rstrip().endswith((".", ":"))
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # of an error that takes a message
        return
    named = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD,)} - {"self", "cls", "args"}
    assert [p for p in named if not re.search(rf"\b{p}\b", description)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_that_raises_says_what_and_when(name):
    value = function_of(PUBLIC[name])
    path, called = inspect.getsourcefile(value), [value.__qualname__]
    if inspect.isclass(value):
        called = [f"{value.__name__}.__init__", f"{value.__name__}.__post_init__"]
    if any(raises(each, path) for each in called):
        assert re.search(r"\braises?\b", inspect.getdoc(value), re.IGNORECASE)


def test_the_test_of_what_is_raised_looks_into_functions_of_the_module():
    path = inspect.getsourcefile(PUBLIC["aecore.training.fit"])
    assert raises("fit", path) and raises("budget", path) and not raises("_bar", path)


@pytest.mark.parametrize("name", PUBLIC)
def test_tensors_are_described_with_their_shapes(name):
    value = function_of(PUBLIC[name])
    if not inspect.isclass(value) and "Tensor" in str(inspect.signature(value)):
        assert "[" in inspect.getdoc(value)


def test_what_stands_for_itself_is_escaped():
    assert rst("|x - x_hat|^2 * a, b_") == r"\|x - x\_hat\|^2 \* a, b\_"


@pytest.mark.parametrize("text", ["with `lr=1` now", "with ``lr=1`` now"])
def test_text_in_backticks_is_code(text):
    assert rst(text) == "with ``lr=1`` now"


def test_a_value_of_one_word_is_code_and_a_title_is_not():
    assert rst('"mnist" or "A long title"') == '``"mnist"`` or "A long title"'


def test_code_that_names_something_known_is_a_link():
    assert rst(":func:`fit` and `fat`") == ":py:obj:`fit <aecore.training.fit>` and ``fat``"


def test_errors_are_code_and_those_of_the_package_are_links():
    assert rst("a ValueError or DataError here") == (
        "a ``ValueError`` or :py:obj:`DataError <aecore.mnist.DataError>` here"
    )


def test_a_paper_is_a_link():
    assert rst("See arXiv:1312.6114 too") == (
        "See `arXiv:1312.6114 <https://arxiv.org/abs/1312.6114>`__ too"
    )


def test_markup_stands_apart_from_the_letters_beside_it():
    assert rst("x`y`z") == r"x\ ``y``\ z"


def test_a_stressed_word_is_stressed_and_a_product_is_not():
    assert rst("*any* of a * b * c") == r"*any* of a \* b \* c"


def test_no_line_breaks_inside_a_shape():
    assert rst("of [B, d]") == "of [B,\N{NO-BREAK SPACE}d]"


def test_arguments_and_results_are_a_list():
    text = "Adds.\n\nx: data [B]. lr, seed: more: of\n    it. Returns [B].\n\nRaises an error. Note: b."
    assert rst(text, ["x", "lr", "seed"]).split("\n") == [
        "Adds.",
        "",
        ".. rst-class:: book-fields",
        "",
        "   ``x``",
        "      data [B].",
        "   ``lr``, ``seed``",
        "      more: of it.",
        "   *Returns*",
        "      [B].",
        "   *Raises*",
        "      an error. Note: b.",
    ]


def test_a_word_that_is_no_argument_begins_no_description():
    assert rst("The cost: a lot. x: y.", ["z"]) == "The cost: a lot. x: y."


def test_what_is_indented_is_shown_as_it_is():
    text = "See:\n\n    fit(a_b)\n\n    # more\n\nand:\n\n    a_b  +-1 of |c|"
    assert rst(text) == (
        "See:\n\n.. code-block:: python\n\n   fit(a_b)\n\n   # more\n\nand:\n\n"
        ".. code-block:: text\n\n   a_b  +-1 of |c|"
    )


def test_a_list_stays_a_list():
    assert rst("1. one\n   more;\n2. two_") == "1. one more;\n2. two\\_"
