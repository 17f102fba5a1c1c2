"""Sphinx extension: figures that cost nothing until they are near, and that open on their own.

Pictures are fetched when the reader comes near, so that a page's widgets answer sooner; their sizes are
written down, so that nothing jumps. On a phone a figure is too small to read: each is a link to itself, to
be enlarged.
"""

import re
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from sphinx.util.images import get_image_size

# A picture of the book's own that is no link yet and has no size.
PICTURE = re.compile(
    r"(?<!>)<img (?![^>]*\b(?:loading|width|height)=)"
    r'(?P<rest>[^>]*src="(?P<address>[^"]*_images/(?P<name>[^"/]+))"[^>]*)>'
)


def _mend_picture(app, picture):
    source = next(s for s, name in app.builder.images.items() if name == unquote(picture["name"]))
    size = get_image_size(Path(app.srcdir) / source)
    room = 'width="{}" height="{}" '.format(*size) if size else ""
    return (
        f'<a class="book-enlarge" href="{picture["address"]}" title="Open this figure on its own">'
        f'<img loading="lazy" {room}{picture["rest"]}></a>'
    )


def _mend_pictures(app, pagename, templatename, context, doctree):
    if doctree is not None and app.builder.format == "html":
        context["body"] = PICTURE.sub(partial(_mend_picture, app), context["body"])


def setup(app):
    app.connect("html-page-context", _mend_pictures, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
