"""The glossary and the notation of the built book: every term linked, every chapter they name there."""

import re

import book_build
import book_terms
import pytest
from bs4 import BeautifulSoup, NavigableString

GLOSSARY = "appendices/glossary"
CHAPTERS = [name for name in book_build.pages() if book_terms.CHAPTER.match(name)]
APPENDICES = ["appendices/glossary.md", "appendices/notation.md"]
ROLE = re.compile(r"{doc}`([^`<]*)<\.\./(chapters/(\d\d)_\w+)>`")

# Chapters that mention a term before the chapter that says what it means.
MENTIONED = {
    "Bayes’ rule": {5},
    "Bernoulli distribution": {2},
    "conditional VAE": {10},
    "convex": {1},
    "Gaussian distribution": {4},
    "Jacobian": {5},
    "joint distribution": {4},
    "KL divergence": {4},
    "latent variable": {4},
    "likelihood": {2, 5},
    "loss": {1},
    "maximum likelihood": {1},
    "posterior collapse": {8},
    "posterior": {3, 4, 5},
    "principal direction": {2},
    "prior": {4},
    "probabilistic PCA": {3},
    "softmax": {5},
    "sparse autoencoder": {2},
    "variational autoencoder": {3, 7, 8, 9},
}
# Terms that their chapter writes in formulas, headings, code or other words only, so that nothing is linked.
NOT_IN_RUNNING_TEXT = {"concentration of distances", "log-variance", "mutual information"}


@pytest.fixture(scope="module")
def pages(book):
    """The chapters and the glossary as built, parsed, by name."""
    return {
        name: BeautifulSoup((book / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        for name in [*CHAPTERS, GLOSSARY]
    }


@pytest.fixture(scope="module")
def entries(pages):
    """Each entry of the glossary: {name: anchor}, and its definition."""
    found, names = [], {}
    for tag in pages[GLOSSARY].select("dl.glossary > dt, dl.glossary > dd"):
        if tag.name == "dt":
            names[tag.find(string=True).strip()] = tag["id"]
        else:
            found.append((names, tag))
            names = {}
    return found


@pytest.fixture(scope="module")
def vocabulary(entries):
    return book_terms.Vocabulary([list(names) for names, _ in entries])


def running_text(soup):
    """Stretches of plain words, each with the links to the glossary in it: (text, {start: (end, link)})."""
    for paragraph in soup.select("article.bd-article :is(p:not([class]), p.deeper-shows)"):
        if paragraph.find_parent(["table", "figure", "nav"]) or paragraph.find_parent(
            class_=["cell", "dropdown", "footnote", "citation"]
        ):
            continue
        yield from _stretches(paragraph)


def _stretches(parent):
    text, links = "", {}
    for child in parent.children:
        if isinstance(child, NavigableString):
            text += child
        elif child.name == "a" and child.find("span", class_="std-term", recursive=False):
            words = child.get_text()
            links[len(text)] = (len(text) + len(words), child["href"])
            text += words
        else:
            yield text, links
            text, links = "", {}
            if child.name in ("em", "strong"):
                yield from _stretches(child)
    yield text, links


def uses(soup, vocabulary):
    """Of each entry, in reading order: (chapter's words, where the link on them leads or None)."""
    found = {}
    for text, links in running_text(soup):
        for match in vocabulary.find(text):
            end, target = links.get(match.start, (None, None))
            words = text[match.start : match.end]
            found.setdefault(match.entry, []).append((words, target if end == match.end else None))
    return found


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_term_is_linked_once_in_a_chapter_at_its_first_use(name, pages, entries, vocabulary):
    wrong = []
    for entry, written in uses(pages[name], vocabulary).items():
        anchors = [f"../{GLOSSARY}.html#{anchor}" for anchor in entries[entry][0].values()]
        first, later = written[0], written[1:]
        if first[1] not in anchors or any(target for _, target in later):
            wrong.append((written[:3], anchors))
    assert wrong == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_no_other_link_to_the_glossary(name, pages, entries, vocabulary):
    by_use = {written[0][1] for written in uses(pages[name], vocabulary).values()}
    common = {
        anchor for names, _ in entries for name, anchor in names.items() if "(" in name
    }  # names that only an author's own link leads to
    links = [a["href"] for a in pages[name].select("article a:has(> .std-term)")]
    others = [link for link in links if link not in by_use and link.split("#")[1] not in common]
    assert others == []
    assert len(links) > 20


def number_of(address) -> int:
    return int(re.search(r"chapters/(\d\d)_", address)[1])


def test_each_term_names_the_first_chapter_that_uses_it(pages, entries, vocabulary):
    """Names with brackets are left out: as plain words they mean several things."""
    used = {number_of(name): uses(pages[name], vocabulary) for name in CHAPTERS}
    for entry, (names, definition) in enumerate(entries):
        if all("(" in name for name in names):
            continue
        term = next(iter(names))
        stated = number_of(definition.select("a")[-1]["href"])
        chapters = {number for number in used if entry in used[number]}
        assert stated in chapters or term in NOT_IN_RUNNING_TEXT, (
            f"{term}: chapter {stated} does not use it"
        )
        early = {number for number in chapters if number < stated} - MENTIONED.get(term, set())
        assert not early, f"{term}: the glossary says {stated}, but {early} uses it; see MENTIONED"


def test_the_glossary_is_in_alphabetical_order_and_names_nothing_twice(entries):
    first = [next(iter(names)).lower() for names, _ in entries]
    first = [name.replace("-", " ").replace("’", "'") for name in first]
    assert first == sorted(first)
    every = [name.lower() for names, _ in entries for name in names]
    assert len(every) == len(set(every))


def test_every_definition_says_something_and_ends_with_its_chapter(entries):
    for names, definition in entries:
        assert len(definition.get_text().split()) > 8, names
        assert re.search(r"\(Chapter \d+\.\)$", definition.get_text().strip()), names


@pytest.mark.parametrize("page", APPENDICES)
def test_a_chapter_that_an_appendix_names_exists_and_has_that_number(page):
    text = (book_build.ROOT / page).read_text(encoding="utf-8")
    roles = ROLE.findall(text)
    assert len(roles) > 20
    for words, name, number in roles:
        assert name in CHAPTERS, f"{page} links to {name}, which is not in the book"
        assert re.findall(r"\d+", words) in ([], [str(int(number))]), f"{words!r} links to {name}"
    plain = re.sub(r"{\w+}`[^`]*`", "", text)
    assert re.findall(r"(?i)chapters?\s+\d+", plain) == [], "say it as a {doc} link"
