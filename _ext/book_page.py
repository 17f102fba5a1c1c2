"""Sphinx extension: keep from the pages what this book has no use for.

Thebe would offer to run cells on a public server; its scripts also declare a constant twice, an error on the
console of every page. Progress bars of finished runs say nothing to a reader.
"""

import os


def _disconnect_thebe(app, config):
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if getattr(listener.handler, "__module__", None) == "sphinx_thebe":
                app.disconnect(listener.id)


def _drop_thebe_style(app, pagename, templatename, context, doctree):
    sheets = context.get("css_files", [])
    sheets[:] = [s for s in sheets if getattr(s, "filename", s) != "_static/sphinx-thebe.css"]


def _quieten_progress_bars(app):
    os.environ.setdefault("TQDM_DISABLE", "1")


def setup(app):
    app.connect("config-inited", _disconnect_thebe)
    app.connect("builder-inited", _quieten_progress_bars)
    app.connect("html-page-context", _drop_thebe_style, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
