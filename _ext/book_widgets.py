"""Sphinx extension: live widgets in the built pages, served from the book itself.

The scripts go on pages that hold widgets, in this order: an early one, then those that are deferred, so that
text is painted first: require.js, the paths script, the widget manager, what names and starts the widgets,
and what makes room for wide ones. The saved widget state, which holds decoder weights, moves to the end of
the page for the same reason.
"""

from browser_runtime import OWN_SCRIPTS, runtime_folder
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
SCRIPTS = {
    "runtime/early.js": {},
    "runtime/require.js": {"defer": "defer"},
    "runtime/paths.js": {"defer": "defer"},
    "runtime/embed-amd.js": {
        "defer": "defer",
        "data-jupyter-widgets-cdn": "_static/runtime/",
    },
    "runtime/labels.js": {"defer": "defer"},
    "runtime/revive.js": {"defer": "defer"},
    "runtime/wide.js": {"defer": "defer"},
}


class KeepStaticFallback(SphinxPostTransform):
    """Show a widget's static figure beside its live view, or instead of it outside HTML.

    MyST-NB shows one representation of an output. For a widget that offers a figure too, a page gets both:
    the live view, and the figure in a box that is seen until the view is alive, in print, and without
    JavaScript.
    """

    default_priority = 3  # just before MyST-NB chooses one representation, at 4

    def run(self, **kwargs):
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            kinds = {child["mime_type"]: child for child in bundle.children}
            view = kinds.pop(VIEW, None)
            figures = [kinds[kind] for kind in ("text/html", *_images(kinds)) if kind in kinds]
            if view is None or not figures:
                continue
            if self.app.builder.format == "html":
                static = nodes.container(classes=["aecore-static"])
                static += figures[0].children
                view.insert(0, static)
            else:
                bundle.remove(view)


def _images(kinds):
    return [kind for kind in ("image/svg+xml", "image/png", "image/jpeg") if kind in kinds]


def _configure(app, config):
    config.nb_ipywidgets_js = SCRIPTS


def _serve_runtime(app):
    if app.builder.format == "html":
        folder = runtime_folder(app.outdir.parent)
        app.config.html_static_path += [str(OWN_SCRIPTS), str(folder / "static")]


def _move_state_last(app, pagename, templatename, context, doctree):
    scripts = context.get("script_files", [])
    for script in [s for s in scripts if getattr(s, "attributes", {}).get("type") == STATE]:
        scripts.remove(script)
        context["body"] += f'<script type="{STATE}">{script.attributes["body"]}</script>\n'


def setup(app):
    app.connect("config-inited", _configure)
    app.connect("builder-inited", _serve_runtime)
    # After MyST-NB, which adds the state for the page in a handler of its own.
    app.connect("html-page-context", _move_state_last, priority=900)
    app.add_post_transform(KeepStaticFallback)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
