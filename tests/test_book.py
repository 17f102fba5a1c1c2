"""The built pages as files: complete, described, linked, alive, and dependent on no other host."""

import json
import re
from urllib.parse import unquote, urlsplit

import book_build
import book_links
import browser_runtime
import pytest
import yaml
from bs4 import BeautifulSoup

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PAGES = [*book_build.pages(), "search", "index"]


@pytest.fixture(scope="module")
def soups(book):
    """Every built page, parsed, by name."""
    return {
        path.relative_to(book).with_suffix("").as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in book.rglob("*.html")
    }


@pytest.fixture(params=PAGES)
def page(request, soups):
    """One built page, parsed."""
    return soups[request.param]


def test_the_last_build_had_no_error_and_no_warning(book):
    assert (book / book_build.STAMP).exists()


def test_every_page_of_the_contents_is_built(soups):
    assert set(PAGES) == set(soups)


def test_every_chapter_takes_its_number_from_its_file_name(soups):
    for name in book_build.pages():
        if match := re.match(r"chapters/(\d\d)_", name):
            assert (
                soups[name].select_one("article h1").get_text().startswith(f"{int(match[1])}. ")
            ), name


def test_every_picture_says_what_it_shows(page):
    silent = []
    for picture in page.select("article img, .bd-article img"):
        text = picture.get("alt", "").strip()
        name = unquote(urlsplit(picture["src"]).path).rsplit("/", 1)[-1]
        if (
            len(text) < 20
            or text.startswith(("_images/", "../_images/"))
            or text in (name, picture["src"])
        ):
            silent.append((text, picture["src"][:80]))
    assert not silent


def test_every_figure_has_a_caption(page):
    bare = [f for f in page.select("article figure:not(.aecore-figure)") if not f.figcaption]
    assert not bare


def test_every_figure_keeps_its_room_and_can_be_opened_on_its_own(page):
    pictures = page.select('article figure:not(.aecore-figure) img[src*="_images/"]')
    rooms = [(int(picture["width"]), int(picture["height"])) for picture in pictures]
    assert all(width > 50 and height > 50 for width, height in rooms)
    assert all(picture.parent.get("href") == picture["src"] for picture in pictures)


def test_a_page_with_widgets_holds_the_state_that_revives_them(page):
    views = [json.loads(tag.string)["model_id"] for tag in page.find_all("script", type=VIEW)]
    states = [json.loads(tag.string)["state"] for tag in page.find_all("script", type=STATE)]
    assert len(states) == bool(views)
    assert all(model in states[0] for model in views)


def test_no_page_shows_an_error_of_a_cell(page):
    assert page.select(".traceback, .highlight-ipythontb, .output.error") == []


def test_no_page_shows_what_belongs_on_the_standard_error_stream(page):
    assert [tag.get_text() for tag in page.select(".output.stderr")] == []


def test_no_cell_leaves_the_bare_form_of_an_object(page):
    # A cell that ends in a call shows what the call returns, whether a reader can use that or not.
    bare = re.compile(r"<[\w.]+ object at |<(?:function|class|module) |[A-Z]\w+\(|\[<")
    shown = [tag.get_text().strip() for tag in page.select(".output.text_plain")]
    assert [text[:80] for text in shown if bare.match(text)] == []
    # Some libraries' objects draw themselves as HTML, in a style of their own.
    rich = [tag.find(True) for tag in page.select(".output.text_html")]
    ours = re.compile(r"aecore-")
    assert [str(tag)[:80] for tag in rich if not ours.match(" ".join(tag.get("class", [])))] == []


def test_no_page_prints_a_role_that_was_meant_to_be_carried_out(page):
    """Such as {glue:text}, where a backtick too many has made it code."""
    role = r"\{(?:glue|doc|ref|numref|eq|cite|prf|term)(?::[a-z]+)?\}"
    body = page.select_one("article") or page
    text = " ".join(body.find_all(string=re.compile(role)))
    assert re.findall(f".{{,40}}{role}.{{,20}}", text) == []


def test_a_page_names_the_data_that_it_used(soups, book):
    used = json.loads((book / book_build.STAMP).read_text(encoding="utf-8"))
    assert sum(map(bool, used.values())) >= 10
    for name, sets in used.items():
        quoted = [tag.get_text() for tag in soups[name].select("article .pasted-text")]
        for found in sets.values():
            data = "mnist" if found.startswith("MNIST ") else "strokes"
            assert any(text.split(" ")[0] == data for text in quoted), (name, data)


def test_a_page_that_draws_procedural_digits_beside_its_data_names_both(soups):
    for name in ("01_curse_of_dimensionality", "02_autoencoders", "06_contractive_and_manifolds"):
        quoted = [tag.get_text() for tag in soups[f"chapters/{name}"].select(".pasted-text")]
        assert any("strokes" in text for text in quoted), name


def test_internal_links_lead_somewhere(soups, book):
    dead = []
    for name, soup in soups.items():
        for link in soup.find_all("a", href=True):
            target = urlsplit(link["href"])
            if target.scheme or target.netloc:
                continue
            file = (
                (book / name).parent / unquote(target.path)
                if target.path
                else book / f"{name}.html"
            )
            if not file.resolve().is_file():
                dead.append((name, link["href"]))
            elif target.fragment and file.suffix == ".html":
                place = file.resolve().relative_to(book.resolve()).with_suffix("").as_posix()
                if not soups[place].find(id=unquote(target.fragment)):
                    dead.append((name, link["href"]))
    assert not dead


def test_no_page_loads_anything_from_another_host(page):
    loading = page.find_all(
        ["link", "script", "img", "iframe", "source", "video", "audio", "embed"]
    )
    loaded = [tag.get(place, "") for tag in loading for place in ("src", "href", "srcset")]
    assert [url for url in loaded if re.match(r"\s*(\w+:)?//", url)] == []
    inline = " ".join(tag.get_text() for tag in page.find_all("style"))
    inline += " ".join(tag["style"] for tag in page.find_all(style=True))
    assert _outside(inline) == []


def test_no_style_sheet_loads_anything_from_another_host(book):
    for sheet in book.rglob("*.css"):
        assert _outside(sheet.read_text(encoding="utf-8")) == [], sheet.name


def _outside(css: str) -> list[str]:
    addresses = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s]+)""", css)
    return [address for address in addresses if re.match(r"(\w+:)?//", address)]


def test_the_lock_names_every_package_by_its_hash_and_no_registry():
    lock = json.loads((browser_runtime.LOCKED / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 4
    assert [
        name for name, entry in packages.items() if "sha512-" not in entry.get("integrity", "")
    ] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_a_failing_npm_says_so_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(browser_runtime.RuntimeFetchError, match="Check the network"):
        browser_runtime.runtime_folder(tmp_path / "build")
    assert list((tmp_path / "build" / "runtime").iterdir()) == []


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/someone/a-book.git", "https://github.com/someone/a-book"),
        ("https://user:secret@github.com/someone/a-book", "https://github.com/someone/a-book"),
        ("git@github.com:someone/a-book.git", "https://github.com/someone/a-book"),
        ("/srv/git/a-book", None),
        ("https://example.org/someone/a-book", None),
    ],
)
def test_the_repository_is_linked_only_where_it_is_known(remote, expected):
    assert book_links.github_address(remote) == expected


def test_settings_name_no_repository():
    settings = yaml.safe_load((book_build.ROOT / "_config.yml").read_text())
    assert not settings["repository"]["url"]
