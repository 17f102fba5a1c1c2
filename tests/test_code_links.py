"""Names of the package in a page's code: what they stand for, and the links that they become."""

import pytest
from book_code_links import Names, link, text_of

KNOWN = {
    "aecore.data.load",
    "aecore.strokes.render",
    "aecore.training.fit",
    "aecore.models.VAE",
    "aecore.models.VAE.elbo",
}
FIT = "from aecore.training import fit\n"
VAE = "from aecore.models import VAE\n"


def targets(*cells):
    """What the names in the last of some cells stand for: (name, target), in their order."""
    names = Names(lambda name: name if name in KNOWN else None)
    for cell in cells[:-1]:
        names.read(cell)
    return [(cells[-1][m.start : m.end], m.target) for m in names.read(cells[-1])]


def test_an_imported_name_is_known_in_later_cells():
    assert targets(FIT, "history = fit(model, x)") == [("fit", "aecore.training.fit")]


def test_the_import_itself_is_a_mention_and_a_second_mention_is_not():
    assert targets(FIT + "fit(a)\nfit(b)") == [("fit", "aecore.training.fit")]


def test_a_name_that_was_not_imported_from_the_package_means_nothing():
    assert targets("from elsewhere import fit\nfit(model)") == []
    assert targets("from aecore_tools.training import fit\nfit(model)") == []


def test_another_name_for_it_is_known_too():
    cell = "from aecore.data import load as images"
    assert targets(cell, "images('auto')") == [("images", "aecore.data.load")]


def test_what_an_imported_module_holds_is_known():
    assert targets("from aecore import strokes", "strokes.render(x)\nstrokes.size") == [
        ("render", "aecore.strokes.render")
    ]


def test_a_method_of_an_instance_is_known():
    cells = (VAE, "vae = VAE(mlp(a), mlp(b))", "vae.elbo(x).total.mean() + vae.other")
    assert targets(*cells) == [("elbo", "aecore.models.VAE.elbo")]


@pytest.mark.parametrize(
    "cell",
    [
        "def fit(x): ...",
        "fit = 3",
        "for fit in range(3): pass",
        "with open(a) as fit: pass",
        "f = lambda fit: fit + 1",
        "import fit",
        "from scipy import optimize as fit",
        "try: pass\nexcept ValueError as fit: pass",
    ],
)
def test_a_name_that_the_page_gives_another_meaning_is_left_alone(cell):
    assert targets(FIT, cell, "fit(model, x)") == []


@pytest.mark.parametrize("cell", ["vae = 3", "for vae in models: vae.elbo(x)", "vae = other(x)"])
def test_a_variable_that_holds_something_else_by_now_is_left_alone(cell):
    assert targets(VAE, "vae = VAE(a, b)", cell, "vae.elbo(x)") == []


def test_a_name_imported_anew_is_known_again():
    assert targets(FIT, "fit = 3", FIT + "fit(x)") == [("fit", "aecore.training.fit")]


def test_mentions_are_found_after_letters_of_several_bytes_and_beside_a_magic():
    assert targets(FIT, "%matplotlib inline\nμ, σ = 1, '─'; fit(μ)") == [
        ("fit", "aecore.training.fit")
    ]


def test_a_cell_that_is_no_python_has_no_mentions_and_does_no_harm():
    assert targets(FIT, "fit(", "fit(x)") == [("fit", "aecore.training.fit")]


def test_links_stand_where_the_names_are_and_leave_the_code_as_it_was():
    code = 'a = "<fit>" & fit(x)'
    markup = (
        'a <span class="o">=</span> <span class="s2">&quot;&lt;fit&gt;&quot;</span> &amp; fit(x)'
    )
    names = Names(lambda name: name if name in KNOWN else None)
    names.read(FIT)
    linked = link(markup, names.read(code), lambda target: f'href="#{target}"')
    assert linked == markup[:-6] + '<a class="book-name" href="#aecore.training.fit">fit</a>(x)'
    assert text_of(linked) == text_of(markup) == code
