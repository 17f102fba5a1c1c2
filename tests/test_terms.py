"""Links from the first use of each term to the glossary; and the chapters that glossary and notation name."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import book_build
import book_terms
import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes

PAGE = "chapters/02_autoencoders"


def page(*content, terms, docname=PAGE):
    """A page with that content after the transform; each term is one entry, or a list of its names."""
    document = new_document(docname)
    entries = [[term] if isinstance(term, str) else term for term in terms]
    document.settings.env = SimpleNamespace(book_terms={"glossary": entries}, docname=docname)
    document += content
    book_terms.LinkFirstUses(document).run()
    return document


def paragraph(*parts):
    return nodes.paragraph("", "", *(nodes.Text(p) if isinstance(p, str) else p for p in parts))


def links(document):
    """(words, name in the glossary) of each link, in reading order."""
    return [
        (link.astext(), link["reftarget"])
        for link in document.findall(addnodes.pending_xref)
        if link["reftype"] == "term"
    ]


def found(text, *names):
    return [text[m.start : m.end] for m in book_terms.Vocabulary([[n] for n in names]).find(text)]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("autoencoder", "autoencoders"),
        ("autoencoder", "Autoencoder"),
        ("entropy", "entropies"),
        ("hypothesis", "hypotheses"),
        ("precision matrix", "precision matrices"),
        ("epoch", "epochs"),
        ("loss", "losses"),
        ("VAE", "VAEs"),
        ("log-likelihood", "log likelihood"),
        ("maximum likelihood", "maximum-likelihood"),
        ("maximum likelihood", "maximum\nlikelihood"),
        ("KL warm-up", "KL warm-up"),
        ("Bayes' rule", "Bayes’ rule"),
        ("Bayes' rule", "Bayes' rule"),
    ],
)
def test_a_term_is_found_in_its_written_variants(name, written):
    assert found(f"The {written}, then.", name) == [written]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code", "a decoder, encoded"),
        ("VAE", "the -VAE of a formula, a VAE-like model"),
        ("AUC", "an auction, auc"),
        ("KL divergence", "kl divergence"),
        ("posterior collapse", "the posterior collapses to a point"),
        ("rate (of a VAE)", "the rate, or the rate (of a VAE)"),
    ],
)
def test_what_only_looks_like_a_term_is_not_found(name, text):
    assert found(text, name) == []


def test_the_longest_name_wins():
    text = "A variational autoencoder is an autoencoder."
    names = ("autoencoder", "variational autoencoder")
    assert found(text, *names) == ["variational autoencoder", "autoencoder"]


def test_only_the_first_use_is_linked_and_nothing_inside_a_longer_term():
    uses = paragraph("A linear autoencoder, a linear autoencoder, autoencoders, an autoencoder.")
    linked = page(uses, terms=["autoencoder", "linear autoencoder"])
    assert links(linked) == [
        ("linear autoencoder", "linear autoencoder"),
        ("autoencoders", "autoencoder"),
    ]


def test_a_link_leaves_the_words_as_they_are():
    text = "The prior, the posterior; then the prior."
    assert page(paragraph(text), terms=["prior", "posterior"]).astext() == text


def test_all_names_of_an_entry_are_one_term():
    uses = paragraph("The KL, or Kullback–Leibler divergence.")
    linked = page(uses, terms=[["Kullback-Leibler divergence", "KL"]])
    assert links(linked) == [("KL", "KL")]


def test_list_items_and_emphasis_are_running_text():
    item = nodes.list_item("", paragraph("An ", nodes.emphasis("", "autoencoder"), "."))
    linked = page(nodes.bullet_list("", item), terms=["autoencoder"])
    assert links(linked) == [("autoencoder", "autoencoder")]


def in_table(text):
    return nodes.table("", nodes.tgroup("", nodes.row("", nodes.entry("", paragraph(text)))))


@pytest.mark.parametrize(
    "other",
    [
        nodes.title("", "The prior"),
        nodes.literal_block("", "prior = 1"),
        nodes.math_block("", "prior"),
        nodes.caption("", "The prior"),
        nodes.figure("", nodes.legend("", paragraph("prior"))),
        in_table("prior"),
        paragraph(nodes.literal("", "prior"), nodes.math("", "prior")),
        paragraph(nodes.reference("", "the prior", refuri="#a")),
        paragraph(
            addnodes.pending_xref("", nodes.inline("", "prior"), reftype="doc", reftarget="x")
        ),
        nodes.admonition("", paragraph("prior"), classes=["dropdown"]),
        nodes.container("", paragraph("prior"), nb_element="cell_code_output"),
    ],
    ids=lambda node: type(node).__name__ + "-" + type(node[0]).__name__,
)
def test_nothing_but_running_text_is_linked(other):
    linked = page(other.deepcopy(), paragraph("Later, a prior."), terms=["prior"])
    assert links(linked) == [("prior", "prior")]
    assert linked[-1].next_node(addnodes.pending_xref)


def test_a_term_that_the_author_links_is_left_to_the_author():
    role = addnodes.pending_xref(
        "", nodes.inline("", "rate"), reftype="term", reftarget="rate (of a VAE)"
    )
    linked = page(
        paragraph("An information rate."),
        paragraph("The ", role, "."),
        terms=[["information rate", "rate (of a VAE)"]],
    )
    assert links(linked) == [("rate", "rate (of a VAE)")]


@pytest.mark.parametrize("docname", ["appendices/notation", "appendices/glossary", "intro"])
def test_only_chapters_are_linked(docname):
    assert links(page(paragraph("A prior."), terms=["prior"], docname=docname)) == []


def write_small_book(folder, *, terms):
    names = [f"chapters/0{n}_page" for n in range(1, 8)]
    (folder / "chapters").mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.rst"
        if not path.exists():
            path.write_text("Title\n=====\n\nA prior and a posterior; the prior.\n")
    contents = "\n   ".join([*names, "glossary"])
    (folder / "index.rst").write_text(f"Book\n====\n\n.. toctree::\n\n   {contents}\n")
    entries = "\n\n".join(f"   {term}\n      Text." for term in terms)
    (folder / "glossary.rst").write_text(f"Glossary\n========\n\n.. glossary::\n\n{entries}\n")


def build_small_book(folder, builder):
    command = [sys.executable, "-m", "sphinx", "-C", "-D", "extensions=book_terms", "-W", "-j", "2"]
    environment = {**os.environ, "PYTHONPATH": str(book_build.ROOT / "_ext")}
    target = folder / "out" / builder
    done = subprocess.run(
        [*command, "-b", builder, str(folder), str(target)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return target, done.stdout


@pytest.mark.parametrize(
    ("builder", "file", "link", "times"),
    [
        ("html", "chapters/03_page.html", 'href="../glossary.html#term-prior"', 1),
        ("singlehtml", "index.html", 'href="index.html#term-prior"', 7),
        ("latex", "*.tex", r"{\hyperref[\detokenize{glossary:term-prior}]", 7),
        ("text", "chapters/03_page.txt", "A prior and a posterior; the prior.", 1),
    ],
)
def test_every_builder_and_parallel_builds_link_once_a_chapter(
    tmp_path, builder, file, link, times
):
    write_small_book(tmp_path, terms=["posterior", "prior"])
    target, _ = build_small_book(tmp_path, builder)
    [written] = target.glob(file)
    assert written.read_text(encoding="utf-8").count(link) == times


def test_a_new_term_is_linked_in_chapters_that_did_not_change(tmp_path):
    write_small_book(tmp_path, terms=["prior"])
    build_small_book(tmp_path, "html")
    write_small_book(tmp_path, terms=["posterior"])
    target, said = build_small_book(tmp_path, "html")
    text = (target / "chapters/02_page.html").read_text(encoding="utf-8")
    assert "#term-posterior" in text and "#term-prior" not in text
    assert not re.search(r"reading sources.*chapters/02_page", said)
