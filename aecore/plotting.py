"""Figures in one style: crisp, labelled, one colour-blind-safe palette for the ten classes.

The palette is Petroff's ten-colour cycle (2021, arXiv:2107.02270), chosen there for legibility with
colour-vision deficiencies; class numbers are drawn as well, so colour never carries meaning alone.
Each function returns a Matplotlib figure; caption and alt text belong to the page that shows it.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from aecore.training import History

CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""Colour of each of the ten classes, the same in every figure and widget of the book."""

_STYLE = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "savefig.bbox": "tight",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "autoencoders-live",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e7ea",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.prop_cycle": plt.cycler(color=CLASS_COLOURS),
    "legend.frameon": False,
    "lines.linewidth": 2,
    "image.cmap": "gray_r",
    "figure.constrained_layout.use": True,
}


def use_style() -> None:
    """Use the book's style for every Matplotlib figure from now on, as SVG in notebooks."""
    plt.rcParams.update(_STYLE)
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if getattr(get_ipython(), "kernel", None) is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})  # equal figures, equal files


def image_grid(images: Tensor, *, columns: int = 10, titles: Sequence[str] = ()) -> Figure:
    """A sheet of images [N, 1, H, W] or [N, D] in rows of ``columns``, dark ink on white, values in [0, 1].

    titles: one short text per image, or none. Raises ValueError when their number differs.
    """
    if titles and len(titles) != len(images):
        raise ValueError(f"expected {len(images)} titles, one per image, got {len(titles)}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = rows * (0.85 if titles else 0.64)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * 0.64, height), squeeze=False)
    for position, axis in enumerate(axes.flat):
        _draw_image(axis, images[position] if position < len(images) else None)
        if position < len(titles):
            axis.set_title(titles[position], fontsize=8, pad=2)
    return _done(figure)


def image_rows(
    rows: Mapping[str, Tensor], *, titles: Sequence[str] = (), signed: bool = False
) -> Figure:
    """Labelled rows of images for comparison, such as inputs over reconstructions.

    rows: label to images [N, 1, H, W] or [N, D], the same N in every row. titles: one per column, or none.
    signed: for weights, which have no grey levels: each image is scaled by its own largest magnitude, and
    drawn red where positive, white at zero and blue where negative.
    Raises ValueError when the rows differ in length.
    """
    counts = {label: len(images) for label, images in rows.items()}
    if len(set(counts.values())) != 1:
        raise ValueError(f"every row needs the same number of images, got {counts}")
    columns = next(iter(counts.values()))
    size = (columns * 0.64 + 1.3, len(rows) * 0.68 + (0.2 if titles else 0))
    figure, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False)
    for axis_row, (label, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(axis_row, images, strict=True):
            _draw_image(axis, image, signed)
        axis_row[0].text(
            -0.15, 0.5, label, transform=axis_row[0].transAxes, ha="right", va="center", fontsize=9
        )
    for axis, title in zip(axes[0], titles, strict=bool(titles)):
        axis.set_title(title, fontsize=8, pad=2)
    return _done(figure)


def latent_scatter(
    codes: Tensor,
    labels: Tensor,
    *,
    axis_names: tuple[str, str] = ("z₁", "z₂"),
    axis: Axes | None = None,
    title: str = "",
) -> Figure:
    """Codes [N, 2] coloured by class, with each class's number at its median.

    labels: int [N] in 0..9. axis_names, title: what is written there.
    axis: draw there instead of in a figure of its own.
    Raises ValueError unless codes are two-dimensional: project others first, and say how; and for a label
    that has no colour.
    """
    if codes.dim() != 2 or codes.shape[1] != 2 or labels.shape != codes.shape[:1]:
        raise ValueError(
            f"expected codes [N, 2] and labels [N], got {list(codes.shape)} and {list(labels.shape)}; "
            "a wider code must be projected to two dimensions first"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(CLASS_COLOURS):
        raise ValueError(
            f"labels must lie in 0 to {len(CLASS_COLOURS) - 1}, got {labels.min()} to {labels.max()}"
        )
    if axis is None:
        _, axis = plt.subplots(figsize=(5.2, 4.8))
    points, classes = codes.detach().cpu().numpy(), labels.cpu().numpy()
    colours = np.array(CLASS_COLOURS)[classes]
    # As shapes, a few thousand points are crisper and lighter than as pixels; more are not.
    rasterized = len(points) > 4000
    axis.scatter(*points.T, c=colours, s=4, alpha=0.6, linewidths=0, rasterized=rasterized)
    for digit in np.unique(classes):
        x, y = np.median(points[classes == digit], axis=0)
        box = {"boxstyle": "circle,pad=0.2", "fc": "white", "ec": CLASS_COLOURS[digit], "lw": 2}
        axis.text(x, y, str(digit), ha="center", va="center", weight="bold", bbox=box)
    axis.set(xlabel=axis_names[0], ylabel=axis_names[1], title=title)
    return _done(axis.figure)


@torch.no_grad()
def decoded_grid(
    decode: Callable[[Tensor], Tensor],
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    extent: float = 3.0,
    steps: int = 15,
    device: str | torch.device = "cpu",
    axis: Axes | None = None,
) -> Figure:
    """Images decoded on a square grid of 2-D codes, z₁ to the right and z₂ upwards.

    decode: codes [B, 2] to images [B, 1, H, W] or [B, D] in [0, 1].
    centre, extent: the grid spans centre +- extent. steps: images along one side.
    device: where decode wants its codes. axis: draw there instead of in a figure of its own.
    Raises ValueError when an output of decode is no grey image.
    """
    z1 = torch.linspace(centre[0] - extent, centre[0] + extent, steps)
    z2 = torch.linspace(centre[1] + extent, centre[1] - extent, steps)
    z = torch.stack(torch.meshgrid(z1, z2, indexing="xy"), -1).reshape(-1, 2).to(device)
    tiles = torch.stack([_as_image(image) for image in decode(z)])
    height, width = tiles.shape[1:]
    sheet = tiles.reshape(steps, steps, height, width).transpose(1, 2)
    sheet = sheet.reshape(steps * height, steps * width)
    if axis is None:
        _, axis = plt.subplots(figsize=(5.2, 5.2))
    half_step = extent / max(steps - 1, 1)
    left, right = z1[0] - half_step, z1[-1] + half_step
    low, high = z2[-1] - half_step, z2[0] + half_step
    # For light pages: the sheet at its own resolution, "none", in 32 levels that no eye can tell from more.
    sheet = (sheet * 32).round() / 32
    axis.imshow(
        sheet.numpy(), vmin=0, vmax=1, extent=(left, right, low, high), interpolation="none"
    )
    axis.set(xlabel="z₁", ylabel="z₂")
    axis.grid(False)
    return _done(axis.figure)


def loss_curve(
    history: History | Mapping[str, History], *, unit: str = "nats", log_scale: bool = False
) -> Figure:
    """Mean objective per epoch, as `fit` recorded it.

    history: one History, or several by name. unit: of the objective, for the axis.
    log_scale: whether the axis of the objective is logarithmic.
    """
    histories = history if isinstance(history, Mapping) else {"": history}
    figure, axis = plt.subplots()
    for name, each in histories.items():
        epochs = range(1, len(each.loss) + 1)
        axis.plot(epochs, each.loss, marker="o", markersize=4, label=name)
    axis.set(xlabel="epoch", ylabel=f"mean loss ({unit})")
    axis.xaxis.get_major_locator().set_params(integer=True)
    if log_scale:
        axis.set_yscale("log")
    if len(histories) > 1:
        axis.legend()
    return _done(figure)


def _draw_image(axis: Axes, image: Tensor | None, signed: bool = False) -> None:
    axis.set_axis_off()
    if image is None:
        return
    pixels = _as_image(image).numpy()
    if signed:
        reach = abs(pixels).max() or 1.0
        axis.imshow(pixels, vmin=-reach, vmax=reach, cmap="RdBu_r", interpolation="nearest")
    else:
        axis.imshow(pixels, vmin=0, vmax=1, interpolation="nearest")


def _as_image(image: Tensor) -> Tensor:
    """One image [1, H, W], [H, W] or square [D] as [H, W] on the CPU."""
    image = image.detach().cpu().float()
    if image.dim() == 3 and image.shape[0] == 1:
        image = image[0]
    if image.dim() == 1:
        side = round(len(image) ** 0.5)
        if side * side != len(image):
            raise ValueError(f"cannot draw {len(image)} numbers as a square image")
        image = image.reshape(side, side)
    if image.dim() != 2:
        raise ValueError(f"expected one grey image, got {list(image.shape)}")
    return image


def _done(figure: Figure) -> Figure:
    """Take the figure out of pyplot's list, so that a notebook shows it once: as the cell's result."""
    plt.close(figure)
    return figure
