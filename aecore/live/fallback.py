"""The static figure that stands in for a widget: without JavaScript, in print, in the PDF and on code
hosts.

A widget offers it in the same MIME bundle as its live view: as HTML with an alternative text, and
as PNG for LaTeX. Whoever shows the bundle takes the richest form it knows. The figure is drawn only
when the widget is shown, and its colours are few, so it stays small.
"""

import base64
import html
import io

import matplotlib
import matplotlib.style
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageColor

from aecore.plotting import CLASS_COLOURS

ACCENT = "#0b5cad"
_DPI = 125


def _palette() -> Image.Image:
    """Greys, and each colour of the book at full strength and mixed with white."""
    greys = [(level, level, level) for level in np.linspace(0, 255, 24).astype(int)]
    mixed = [
        tuple(round(255 - share * (255 - channel)) for channel in ImageColor.getrgb(colour))
        for colour in (*CLASS_COLOURS, ACCENT)
        for share in (1, 0.6, 0.3)
    ]
    image = Image.new("P", (1, 1))
    image.putpalette([int(channel) for colour in [*greys, *mixed] for channel in colour])
    return image


def _png(figure: Figure) -> bytes:
    """The figure as a PNG of few colours."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=_DPI, facecolor="white")
    small = io.BytesIO()
    flat = Image.open(raw).convert("RGB").quantize(palette=_palette(), dither=Image.Dither.NONE)
    flat.save(small, format="png", optimize=True)
    return small.getvalue()


def with_figure(bundle, draw):
    """A widget's MIME bundle with what `draw()` returns added: a figure and its alternative text."""
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    with matplotlib.style.context("default"):
        figure, alt = draw()
        png = _png(figure)
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    width = round(figure.get_figwidth() * 96)
    data["text/html"] = (
        '<figure class="aecore-figure">'
        f'<img alt="{html.escape(alt)}" width="{width}" src="{source}"></figure>'
    )
    data["image/png"] = base64.b64encode(png).decode()
    data["text/plain"] = alt
    return data, metadata


def dress(axis, title: str, **names) -> None:
    """The family's type on a panel: a bold title on the left, small ticks, and `xlabel` and `ylabel`."""
    axis.set_title(title, size=9, loc="left", weight="bold")
    axis.tick_params(labelsize=7, length=2)
    axis.set(**names)
    axis.xaxis.label.set_size(8)
    axis.yaxis.label.set_size(8)


def decoded_images(decoder, codes, shape) -> np.ndarray:
    """Decoded codes [B, d] as grey images [B, H, W] in [0, 1]."""
    pixels = decoder.decode(torch.as_tensor(np.asarray(codes), dtype=torch.float32))
    return pixels.reshape(-1, *shape).clamp(0, 1).numpy()


def show_picture(axis, image, **options) -> None:
    """A grey image [H, W] in [0, 1], ink on paper."""
    axis.imshow(image, cmap="gray_r", vmin=0, vmax=1, **options)
