"""A bare page with live widgets, and what can be read off it.

The page has no theme of the book, and none of its scripts that could help out.
"""

import json
import shutil
from http.server import SimpleHTTPRequestHandler

import ipywidgets
import numpy as np
import torch
from ipywidgets.embed import dependency_state, embed_data
from torch import nn

from aecore import networks

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PAPER, INK = np.array([255, 255, 255]), np.array([0x14, 0x20, 0x2B])
# A promise that is kept once the page has drawn.
STILL = """() => new Promise((done) => {
    const frame = requestAnimationFrame;
    setTimeout(() => frame(() => frame(done)), 60);
})"""
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
# What every canvas of the page shows.
LOOKS = """() => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())"""
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


def make_decoder():
    """A decoder of codes of two numbers, the same each time."""
    torch.manual_seed(0)
    return nn.Sequential(networks.mlp([2, 400, 784], nn.Tanh), nn.Sigmoid())


def drawn(page, selector, shape=(28, 28), index=0) -> np.ndarray:
    """Grey levels [H, W] in [0, 1] that a canvas shows, read at the middle of each of its squares."""
    pixels = (
        page.locator(selector)
        .nth(index)
        .evaluate(
            """(canvas, [rows, columns]) => {
            const context = canvas.getContext("2d");
            const at = (i, n, size) => Math.floor(((i + 0.5) * size) / n);
            return Array.from({ length: rows * columns }, (_, k) => Array.from(context.getImageData(
                at(k % columns, columns, canvas.width),
                at(Math.floor(k / columns), rows, canvas.height), 1, 1).data.slice(0, 3)));
        }""",
            list(shape),
        )
    )
    level = (PAPER - np.array(pixels)) / (PAPER - INK)
    return level.mean(-1).reshape(shape)


def expected(widget, z) -> np.ndarray:
    """Grey levels [H, W] of what the widget's decoder makes of a code."""
    pixels = widget.view.decoder.decode(torch.as_tensor(np.array([z]), dtype=torch.float32))
    return pixels.reshape(28, 28).numpy()


def handle(page, name):
    """The handle of a slider."""
    return page.get_by_role("slider", name=name, exact=True)


def value(page, name) -> float:
    """Where a slider stands."""
    return float(handle(page, name).get_attribute("aria-valuetext").replace("−", "-"))


def place(page) -> tuple[float, float]:
    """Where the explorer's point stands."""
    return value(page, "z₁"), value(page, "z₂")


def code_of(widget, index):
    """The code [2] of one of an interpolator's examples."""
    return np.frombuffer(widget.view.codes, "<f4").reshape(-1, 2)[index]
