"""Sphinx extension: a chapter's number is the one its file name begins with.

`chapters/10_variational_autoencoders.ipynb` is chapter 10, its figures are Fig. 10.1, 10.2, ..., whichever
of the other chapters are there. Parts of `_toc.yml` with `numbered` take part.
"""

import re

from docutils import nodes
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

CHAPTER = re.compile(r"chapters/(\d\d)_")


def _numbering_by_file_name(assign_in_order):
    def assign(collector, env):
        before = dict(env.toc_secnumbers)
        assign_in_order(collector, env)
        _take_numbers_from_file_names(env)
        return [name for name, new in env.toc_secnumbers.items() if new != before.get(name)]

    return assign


def _take_numbers_from_file_names(env):
    for docname, anchors in env.toc_secnumbers.items():
        match = CHAPTER.match(docname)
        if not match:
            continue
        chapter = int(match[1])
        for anchor, number in anchors.items():
            anchors[anchor] = number and (chapter, *number[1:])
        for reference in env.tocs[docname].findall(nodes.reference):
            _renumber(reference, chapter)
        _renumber(env.titles[docname], chapter)


def _renumber(node, chapter):
    if node.get("secnumber"):
        node["secnumber"] = [chapter, *node["secnumber"][1:]]


def setup(app):
    Collector.assign_section_numbers = _numbering_by_file_name(Collector.assign_section_numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
