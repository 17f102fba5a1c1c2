"""Sphinx extension: equations typeset by a MathJax that the book serves itself.

A formula in a line keeps the punctuation that follows it: browsers would let a comma start the next line.
"""

import re

FORMULA = re.compile(r'(<span class="math notranslate nohighlight">[^<]*</span>)([.,;:!?)\]’”]+)')


def _configure(app, config):
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.mathjax_options = {"defer": "defer"}


def _keep_punctuation(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = FORMULA.sub(r'<span class="book-together">\1\2</span>', context["body"])


def setup(app):
    app.connect("config-inited", _configure)
    app.connect("html-page-context", _keep_punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
