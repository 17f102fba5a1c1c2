"""The appendix about the package: complete, readable, and what names in a page's code lead to."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import book_api
import pytest
from bs4 import BeautifulSoup
from sphinx.util.inventory import InventoryFile

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "appendices/package.md").read_text(encoding="utf-8")
CONF = """
extensions = ["myst_nb", "book_api", "book_code_links"]
nb_execution_mode = "off"
html_theme = "basic"
"""
CHAPTER = """
# A chapter

`aecore.training.fit`, `fit` and `load`; `torch` and `size`.

```{code-block} ipython3
from aecore import strokes
from aecore.training import fit
from aecore.models import ConditionalVAE, VAE as Model
load = size = 3
```

```{code-block} ipython3
fit(model, x)
strokes.render(y)
```

## A section of `fit`

In a [link to `fit`](https://example.org), and by itself: `fit` and `fit`.

```{code-block} ipython3
vae = ConditionalVAE(a, b, 2)
vae.elbo(x), fit(vae, x), vae.noise_variance
```

```{code-block} text
fit(vae, x)
```
"""


def build(folder: Path, **pages: str) -> subprocess.CompletedProcess:
    """A small book of those pages, with warnings as errors."""
    folder.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(CONF)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    listed = "\n".join(pages)
    (folder / "index.md").write_text(f"# Pages\n\n```{{toctree}}\n{listed}\n```\n")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-qW",
        "--keep-going",
        str(folder),
        str(folder / "html"),
    ]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / '_ext'}"}
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **path})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A book of the appendix and one chapter: its folder of pages."""
    text = re.sub(r"\{doc\}`\w+`", "A page", PAGE)  # those pages are not in this book
    folder = tmp_path_factory.mktemp("book")
    done = build(folder, package=text, chapter=CHAPTER)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def page(made):
    return BeautifulSoup((made / "package.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def chapter(made):
    return BeautifulSoup((made / "chapter.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def anchors(made):
    """Where on the page other books would look for the package's names."""
    with (made / "objects.inv").open("rb") as file:
        kinds = InventoryFile.load(file, "", lambda base, place: place)
    return {
        entry[2].removeprefix("package.html#")
        for kind in ("function", "class", "exception", "method", "property")
        for entry in kinds[f"py:{kind}"].values()
    }


def words(tag):
    return re.sub(r"\s+", " ", tag.get_text()).strip()


def test_every_public_name_has_its_place_and_nothing_inherited_has(anchors, page):
    assert anchors == set(book_api.public_objects())
    assert [name for name in anchors if not page.find(id=name)] == []


def test_public_names_are_those_of_a_module_and_not_what_it_imports():
    names = set(book_api.public_objects())
    assert {"aecore.training.fit", "aecore.exact.PPCA.fit", "aecore.models.VAE.elbo"} <= names
    assert {"aecore.live.LatentExplorer", "aecore.live.Decoder.of"} <= names
    assert not {"aecore.training.ImageSet", "aecore.training.tqdm", "aecore.live.explorer"} & names
    assert not {"aecore.live.Decoder.weights", "aecore.models.ELBO.kl"} & names


def test_every_module_has_a_heading_and_a_line_in_the_table(page):
    headings = [words(h).rstrip("¶") for h in page.select("h2")]
    table = page.select_one("table.autosummary")
    rows = {words(row.td): words(row.find_all("td")[1]) for row in table.select("tr")}
    assert headings == list(rows)
    assert set(headings) == set(book_api.public_modules())
    assert all(len(line) > 20 and line.endswith(".") for line in rows.values())


def test_a_module_that_is_left_out_stops_the_build(tmp_path):
    text = "# The package\n\n```{package}\naecore.weights\naecore.nothing\n```\n"
    done = build(tmp_path / "book", package=text)
    assert done.returncode
    assert "aecore.training is not in the list of the appendix" in done.stderr
    assert "aecore.nothing does not exist" in done.stderr


def test_descriptions_show_no_markup(page):
    shown = [t for t in page.find_all(string=True) if not t.find_parent(["pre", "code", "script"])]
    text = "".join(shown)
    assert [line for line in text.splitlines() if re.search(r"`|:\w+:|\\|\*\*\w", line)] == []
    assert page.select(".problematic, .system-message") == []


def test_formulas_keep_their_signs(page):
    description = words(page.find(id="aecore.objectives.gaussian_kl").find_next("dd"))
    assert "KL(N(mu, diag sigma^2) || N(0, I)) in nats" in description
    assert "1/2 sum_i (mu_i^2 + sigma_i^2 - 1 - log sigma_i^2)" in description


def test_arguments_results_and_errors_are_told_apart(page):
    fields = page.find(id="aecore.models.VAE.elbo").find_next("dl", class_="book-fields")
    parts = {words(dt): words(dt.find_next("dd")) for dt in fields.find_all("dt")}
    assert parts["x"].startswith("data [B,")
    assert parts["Returns"].startswith("ELBO(reconstruction, kl, total), each [B]")
    assert parts["Raises"].startswith("ValueError when samples")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aecore.weights.load", "(model: nn.Module, path: str | PathLike) → nn.Module"),
        (
            "aecore.training.pick_device",
            "(device: str | torch.device | None = None) → torch.device",
        ),
        ("aecore.networks.mlp", "activation: Callable[[], nn.Module] = nn.ReLU"),
        ("aecore.models.VAE.encode", "(x: Tensor) → torch.distributions.Normal"),
        ("aecore.plotting.latent_scatter", "codes: Tensor, labels: Tensor, *, axis_names: tuple["),
        ("aecore.plotting.latent_scatter", "= ('z₁', 'z₂'), axis: Axes | None = None,"),
        ("aecore.live.LatentExplorer", "( decoder, codes=None, labels=None, *, z=None,"),
        ("aecore.glyphs.Glyphs", "Glyphs(vertices: Tensor, pen: Tensor,"),
        ("aecore.live.Decoder", "class aecore.live.Decoder¶"),
        ("aecore.corruption.Corruption", "class aecore.corruption.Corruption¶"),
    ],
)
def test_signatures_read_as_one_writes_them(page, name, expected):
    assert expected in words(page.find(id=name))


def test_signatures_hold_no_list(page):
    assert page.select("dt.sig dl, dt.sig dd") == []
    assert page.select("dt.sig .book-parameters > span")


def test_layers_that_run_in_a_page_are_named_and_led_to(page):
    assert "Linear, ConvTranspose2d, ReLU" in words(page.find(id="aecore.live.SUPPORTED"))
    assert page.select('a[href="#aecore.live.SUPPORTED"] code')


def test_public_bases_stand_for_those_that_are_not(page):
    bases = {
        dt.find_parent("dl", class_="py").dt["id"].split(".", 1)[1]: words(dt.find_next("dd"))
        for dt in page.select(".book-fields dt")
        if words(dt) == "Bases"
    }
    assert bases["models.ConditionalVAE"] == "aecore.models.VAE"
    assert bases["live.LatentExplorer"] == "ipywidgets.VBox"
    assert bases["models.VAE"] == "nn.Module"
    assert "exact.PPCA" not in bases


def links_in(tag):
    return [(words(a), a["href"].partition("#")[2]) for a in tag.select("a.book-name")]


def test_names_in_code_lead_to_the_page(chapter):
    cells = [links_in(cell) for cell in chapter.select("div.highlight")]
    assert cells == [
        [
            ("strokes", "module-aecore.strokes"),
            ("fit", "aecore.training.fit"),
            ("ConditionalVAE", "aecore.models.ConditionalVAE"),
            ("VAE", "aecore.models.VAE"),
        ],
        [("fit", "aecore.training.fit"), ("render", "aecore.strokes.render")],
        [
            ("ConditionalVAE", "aecore.models.ConditionalVAE"),
            ("elbo", "aecore.models.ConditionalVAE.elbo"),
            ("fit", "aecore.training.fit"),
            ("noise_variance", "aecore.models.VAE.noise_variance"),
        ],
        [],
    ]


def test_the_tab_key_stops_at_a_name_once_a_section(chapter):
    skipped = [a.get("tabindex") == "-1" for a in chapter.select("div.highlight a.book-name")]
    assert skipped == [False] * 4 + [True] + [False] * 5


def test_a_name_in_a_sentence_leads_to_the_page_once_a_section(chapter):
    assert [links_in(p) for p in chapter.select("section > p")] == [
        [("aecore.training.fit", "aecore.training.fit")],
        [("fit", "aecore.training.fit")],
    ]
    assert chapter.select("h1 a.book-name, h2 a.book-name, a a") == []


def test_links_in_code_lead_to_places_that_are_there(chapter, page):
    addresses = {a["href"] for a in chapter.select("a.book-name")}
    assert {address.partition("#")[0] for address in addresses} == {"package.html"}
    assert all(page.find(id=address.partition("#")[2]) for address in addresses)


def test_every_chapter_leads_to_the_package_and_is_hardly_heavier_for_it(book):
    for path in sorted((book / "chapters").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        without = re.sub(r'<a class="book-name.*?>(.*?)</a>', r"\1", text)
        heavy, light = (len(gzip.compress(t.encode(), 6)) for t in (text, without))
        assert light < heavy < 1.01 * light, path.name
