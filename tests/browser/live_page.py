"""A bare page with live widgets: no theme of the book, and none of its scripts that could help out."""

import json
import shutil
from http.server import SimpleHTTPRequestHandler

import ipywidgets
from ipywidgets.embed import dependency_state, embed_data

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
# axe-core's serious and critical findings on the page, as text; its source is the argument.
FAULTS = """(source) => {
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
    return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)));
}"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Live widgets</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ margin: 0 }} main {{ max-width: 720px; margin: 0 auto; padding: 16px }}
html[data-theme="dark"] {{ background: #121417; color: #e3e9ee }}</style>
<script src="runtime/early.js"></script>
<script src="runtime/require.js"></script>
<script src="runtime/paths.js"></script>
<script src="runtime/embed-amd.js" data-jupyter-widgets-cdn="runtime/"></script>
</head><body><main><h1>Live widgets</h1>{views}</main>
<script type="{state_type}">{state}</script><script src="runtime/revive.js"></script></body></html>
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *arguments):
        pass


def write_page(folder, widgets: list[ipywidgets.Widget], runtime_folders) -> None:
    """Write index.html with the widgets, and the scripts it needs, into `folder`."""
    for source in runtime_folders:
        shutil.copytree(source / "runtime", folder / "runtime", dirs_exist_ok=True)
    state = dependency_state(widgets, drop_defaults=False)
    data = embed_data(views=widgets, state=state, drop_defaults=False)
    views = "".join(
        f'<div class="shown"><script type="{VIEW}">{json.dumps(spec)}</script></div>'
        for spec in data["view_specs"]
    )
    saved = json.dumps(data["manager_state"]).replace("</", "<\\/")
    page = PAGE.format(views=views, state_type=STATE, state=saved)
    (folder / "index.html").write_text(page, encoding="utf-8")
