"""Sphinx extension: what the theme and its companions put on pages, mended.

Thebe goes: it would offer to run cells on a public server, and its scripts declare a constant twice, an error
on the console of every page. Progress bars of finished runs say nothing to a reader. Buttons and the list of
references get markup that screen readers understand.

Words of code that have the colour of plain text need no element of their own: without those a chapter has
half as many, and its widgets answer sooner.
"""

import os
import re
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent / "templates"
MARKUP = {
    # Docutils calls this a list and then gives its children a role that no list may hold.
    '<div role="list" class="citation-list">': "<div>",
    ' role="doc-biblioentry"': "",
    # MyST-NB names the button so, whatever it says on it.
    ' aria-label="Toggle hidden content"': "",
}
CODE = re.compile(r'<div class="highlight"><pre>.*?</pre>', re.DOTALL)
# Pygments' names, punctuation and white space.
PLAIN_WORD = re.compile(r'<span class="(?:n|nn|p|pm|w)">([^<]*)</span>')
SOLUTION_LINK = re.compile(r'(<p class="admonition-title">Solution to)(<a [^>]*>) ')


def _disconnect_thebe(app, config):
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if getattr(listener.handler, "__module__", None) == "sphinx_thebe":
                app.disconnect(listener.id)


def _put_our_templates_first(app, config):
    config.templates_path.insert(0, str(TEMPLATES))


def _quieten_progress_bars(app):
    os.environ.setdefault("TQDM_DISABLE", "1")


def _mend_page(app, pagename, templatename, context, doctree):
    sheets = context.get("css_files", [])
    sheets[:] = [s for s in sheets if getattr(s, "filename", s) != "_static/sphinx-thebe.css"]
    for fault, cure in MARKUP.items():
        context["body"] = context.get("body", "").replace(fault, cure)
    context["body"] = SOLUTION_LINK.sub(r"\1 \2", context["body"])
    context["body"] = CODE.sub(lambda code: PLAIN_WORD.sub(r"\1", code[0]), context["body"])


def setup(app):
    app.connect("config-inited", _disconnect_thebe)
    app.connect("config-inited", _put_our_templates_first)
    app.connect("builder-inited", _quieten_progress_bars)
    app.connect("html-page-context", _mend_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
