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

from aecore.live.paths import interpolate
from aecore.plotting import CLASS_COLOURS

_MUTED = "#5b6772"
_ACCENT = "#0b5cad"
_DPI = 125


def _palette() -> Image.Image:
    """Greys, and each colour of the book at full strength and mixed with white."""
    greys = [(level, level, level) for level in np.linspace(0, 255, 24).astype(int)]
    mixed = [
        tuple(round(255 - share * (255 - channel)) for channel in ImageColor.getrgb(colour))
        for colour in (*CLASS_COLOURS, _ACCENT)
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


def decoded_images(decoder, codes, shape) -> np.ndarray:
    """Decoded codes [B, d] as grey images [B, H, W] in [0, 1]."""
    pixels = decoder.decode(torch.as_tensor(np.asarray(codes), dtype=torch.float32))
    return pixels.reshape(-1, *shape).clamp(0, 1).numpy()


def show_picture(axis, image, **options) -> None:
    """A grey image [H, W] in [0, 1], ink on paper."""
    axis.imshow(image, cmap="gray_r", vmin=0, vmax=1, **options)


def explorer_figure(explorer) -> tuple[Figure, str]:
    """Map, decoded image and decoded grid of a LatentExplorer as it stands, and an alternative text."""
    view = explorer.view
    c1, c2, half = view.region
    xs, ys = view.coordinates[view.axes[0]], view.coordinates[view.axes[1]]
    box = (c1 - half, c1 + half, c2 - half, c2 + half)
    figure = Figure(figsize=(7.2, 2.75), layout="constrained")
    pad, image, grid = figure.subplots(1, 3)

    points = explorer.points
    labels = np.frombuffer(view.labels, np.uint8)
    palette = np.array([*view.colours, *[_MUTED] * (256 - len(view.colours))])
    pad.scatter(*points.T, c=palette[labels], s=2, linewidths=0)
    for label in np.unique(labels[labels < len(view.classes)]):
        place = np.median(points[labels == label], 0)
        plate = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": palette[label]}
        pad.text(*place, view.classes[label], size=7, ha="center", va="center", bbox=plate)
    at = [explorer.z[a] for a in view.axes]
    pad.plot(*at, "o", ms=9, mfc="none", mec=_ACCENT, mew=2, zorder=5)
    pad.set(xlim=box[:2], ylim=box[2:], xlabel=xs, aspect="equal")
    pad.set_ylabel(ys, rotation=0)

    show_picture(image, decoded_images(view.decoder, [explorer.z], view.image_shape)[0])
    centres = (np.arange(view.cells) + 0.5) / view.cells * 2 - 1
    codes = np.tile(explorer.z, (view.cells**2, 1))
    codes[:, view.axes[0]] = view.centre1 + view.extent * np.tile(centres, view.cells)
    codes[:, view.axes[1]] = view.centre2 - view.extent * np.repeat(centres, view.cells)
    height, width = view.image_shape
    tiles = decoded_images(view.decoder, codes, view.image_shape)
    tiles = tiles.reshape(view.cells, view.cells, height, width).transpose(0, 2, 1, 3)
    show_picture(grid, tiles.reshape(view.cells * height, -1), aspect="auto")
    for axis, title in ((pad, "Code space"), (image, "Decoded image"), (grid, "Decoded grid")):
        axis.set_title(title, size=9, loc="left", weight="bold")
        axis.set_box_aspect(1)
        axis.tick_params(labelsize=7, length=2)
    for axis in (image, grid):
        axis.set(xticks=[], yticks=[])

    z = ", ".join(f"{value:.2f}" for value in explorer.z)
    data = f"{len(points)} encoded examples" + (" coloured by class" if view.classes else "")
    alt = (
        f"Three panels. A map of the code space over {xs} and {ys}"
        + (f" with {data}" if len(points) else "")
        + f"; the image decoded at z = ({z}); and a grid of {view.cells} by {view.cells} images decoded "
        f"around ({view.centre1:.2f}, {view.centre2:.2f}) with half-width {view.extent:.2f}."
    )
    return figure, alt


def interpolator_figure(interpolator) -> tuple[Figure, str]:
    """Film strip of an Interpolator as it stands, and an alternative text."""
    view = interpolator.view
    codes = np.frombuffer(view.codes, "<f4").reshape(-1, view.decoder.latent_dim)
    ends = codes[view.first], codes[view.second]
    moments = np.linspace(0, 1, 5)
    frames = decoded_images(
        view.decoder, [interpolate(*ends, t, view.path) for t in moments], view.image_shape
    )
    figure = Figure(figsize=(7.2, 1.75), layout="constrained")
    for axis, t, frame in zip(figure.subplots(1, 5), moments, frames, strict=True):
        show_picture(axis, frame)
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"t = {t:g}", size=9)
    names = view.names[view.first], view.names[view.second]
    return figure, (
        f"Film strip of five decoded images on the {view.path} path from the code of {names[0]} to that of "
        f"{names[1]}, at t = 0, 0.25, 0.5, 0.75 and 1."
    )
