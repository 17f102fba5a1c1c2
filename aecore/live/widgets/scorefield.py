"""ScoreField: the field r(x) - x of a denoiser in the plane, and a particle that flows along it.

The best denoiser in squared error satisfies r(x) - x = sigma^2 grad log p_sigma(x), with p_sigma the
density after noise (Robbins, 1956; Vincent, 2011; Alain and Bengio, 2014, arXiv:1211.4246). For a
mixture of Gaussians both sides are known exactly, so a learned denoiser can be held against them.
Everything is computed in the page (scorefield.js, mixture.js).
"""

import math

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecore.exact import GaussianMixture
from aecore.live.bundle import assets
from aecore.live.codes import checked_point
from aecore.live.decoder import Decoder
from aecore.live.ranges import within
from aecore.live.view import LiveBox, View, slider, slider_row
from aecore.plotting import CLASS_COLOURS

FIELDS = ("exact", "learned")
STEPS = 100
RATE = 0.2
MOST_POINTS = 600
_CELLS = 17
_COLOURS = {"exact": CLASS_COLOURS[0], "learned": CLASS_COLOURS[6]}
_PURPLE, _RED = "#832db6", "#bd1f01"


class _ScoreFieldView(View):
    _esm, _css = assets("scorefield")
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    means = traitlets.List().tag(sync=True)
    covariances = traitlets.List().tag(sync=True)
    denoiser = traitlets.Instance(Decoder, allow_none=True).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    places = traitlets.Bytes().tag(sync=True)
    region = traitlets.List(traitlets.Float()).tag(sync=True)
    steps = traitlets.Int(STEPS).tag(sync=True)
    rate = traitlets.Float(RATE).tag(sync=True)
    std = traitlets.Float().tag(sync=True)
    at1 = traitlets.Float().tag(sync=True)
    at2 = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    field = traitlets.Enum(FIELDS, default_value=FIELDS[0]).tag(sync=True)
    crowd = traitlets.Bool(False).tag(sync=True)


class ScoreField(LiveBox):
    """Where a denoiser sends each point of the plane, and the way of a particle that follows it.

    mixture: an `aecore.exact.GaussianMixture` in two dimensions, before noise.
    denoiser: an nn.Module from [x1, x2, log sigma] to the denoised point [2], which the reader can choose
        instead of the exact one; `aecore.live.SUPPORTED` names its possible layers. It travels as float32.
    std: sigma to begin with. stds: the ends of its slider. at: where the particle is dropped to begin with,
        two numbers; by default where the density is low. points: clean data [N, 2] to draw, thinned to 600.
    field: "exact" or "learned", the field to begin with. step: from 0 to 100, how far the particle has gone.
    crowd: whether a lattice of particles flows beside the one that is dropped, to begin with.
    extent: half-width of the square that is shown, by default what holds mixture and data with some room.
    label: for a screen reader.

    In each step the particle goes a fifth of the way to where the denoiser would put it.
    Attributes: `view` (traits std, step, at1, at2, field, crowd) and `sliders`, by the name of the trait.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        mixture,
        *,
        denoiser=None,
        std=0.5,
        stds=(0.1, 1.5),
        at=None,
        points=None,
        field="exact",
        step=5,
        crowd=False,
        extent=None,
        label="Field of a denoiser in the plane",
    ):
        self.mixture = _checked_mixture(mixture)
        low, high = (float(bound) for bound in stds)
        if not 0.01 <= low < high < math.inf:
            raise ValueError(f"stds must be two ends, 0.01 <= low < high, got {tuple(stds)}")
        shared = None if denoiser is None else _checked_denoiser(denoiser)
        if field not in FIELDS or (field == "learned" and shared is None):
            allowed = FIELDS if shared else FIELDS[:1]
            raise ValueError(
                f"field must be one of {allowed} (learned needs a denoiser), got {field!r}"
            )
        places = _checked_points(points)
        region = _region(self.mixture, places, extent)
        if at is None:
            at = [region[0] - 0.7 * region[2], region[1] + 0.75 * region[2]]
        at = [round(value, 2) for value in checked_point(at, 2, "at")]
        for name, value, middle in zip(("at[0]", "at[1]"), at, region, strict=False):
            within(name, value, (middle - region[2], middle + region[2]))
        view = _ScoreFieldView(
            weights=self.mixture.weights.tolist(),
            means=self.mixture.means.tolist(),
            covariances=self.mixture.covariances.tolist(),
            denoiser=shared,
            places=places.astype("<f4").tobytes(),
            region=region,
            std=within("std", std, (low, high)),
            at1=at[0],
            at2=at[1],
            step=within("step", step, (0, STEPS)),
            field=field,
            crowd=bool(crowd),
            label=label,
        )
        self.sliders = {
            "std": slider("noise σ", view.std, low, high, 0.01),
            "step": slider("step", view.step, 0, STEPS, 1),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders, roomy=True), above=True)

    def denoise(self, x: torch.Tensor, field: str | None = None) -> torch.Tensor:
        """Where a field sends points at the present sigma: x float64 [B, 2] to [B, 2].

        field: "exact" or "learned", by default the one that is shown.
        Raises ValueError for "learned" without a denoiser.
        """
        if (field or self.view.field) == "exact":
            return self.mixture.posterior_mean(x, self.view.std)
        if self.view.denoiser is None:
            raise ValueError('field "learned" needs a denoiser, and none was given')
        log_std = torch.full_like(x[:, :1], math.log(self.view.std))
        return self.view.denoiser.decode(torch.cat([x, log_std], 1)).double()

    def path(self, field: str | None = None) -> torch.Tensor:
        """Places of the particle at every step from where it is dropped, float64 [101, 2].

        field: as for `denoise`, with what it raises.
        """
        places = [torch.tensor([[self.view.at1, self.view.at2]], dtype=torch.float64)]
        for _ in range(STEPS):
            places.append(places[-1] + RATE * (self.denoise(places[-1], field) - places[-1]))
        return torch.cat(places)

    def _figure(self) -> tuple[Figure, str]:
        view, noised = self.view, self.mixture.noised(self.view.std)
        c1, c2, half = view.region
        box = (c1 - half, c1 + half, c2 - half, c2 + half)
        path, step = self.path().numpy(), round(view.step)
        heights = noised.log_prob(torch.from_numpy(path)).numpy()
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        plane, climb = figure.subplots(1, 2, width_ratios=(1.25, 1))

        def grid(side):
            ticks = torch.linspace(-1, 1, 2 * side + 1, dtype=torch.float64)[1::2] * half
            x, y = torch.meshgrid(c1 + ticks, c2 + ticks, indexing="xy")
            return torch.stack([x.flatten(), y.flatten()], 1)

        fine = noised.log_prob(grid(84)).reshape(84, 84)
        wash = ((fine - fine.max()) / 2).exp().numpy()
        plane.imshow(
            wash,
            cmap="Greys",
            vmin=0,
            vmax=2.2,
            extent=box,
            origin="lower",
            interpolation="bilinear",
        )
        plane.plot(
            *np.frombuffer(view.places, "<f4").reshape(-1, 2).T, ".", ms=2, color=_PURPLE, alpha=0.5
        )
        cells = grid(_CELLS)
        moves = self.denoise(cells) - cells
        length = moves.norm(dim=1, keepdim=True)
        drawn = moves / length * 1.84 * half / _CELLS * (length / (0.5 * half)).sqrt().clamp(max=1)
        plane.quiver(
            *cells.T.numpy(),
            *drawn.T.numpy(),
            color=_COLOURS[view.field],
            pivot="mid",
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.004,
        )
        plane.plot(*path.T, color=_RED, lw=1, ls=":")
        plane.plot(*path[: step + 1].T, color=_RED, lw=2)
        plane.plot(*path[0], "o", ms=6, mfc="white", mec=_RED)
        plane.plot(*path[step], "o", ms=7, color=_RED)
        plane.set(xlim=box[:2], ylim=box[2:], xlabel="x₁", aspect="equal")
        plane.set_ylabel("x₂", rotation=0)
        plane.set_title(f"Where the {view.field} denoiser sends each point, σ = {view.std:.2f}")
        climb.plot(heights, color=_COLOURS[view.field])
        climb.plot(step, heights[step], "o", color=_RED)
        climb.set(xlabel="step", ylabel="log p of the noised density (nats)")
        climb.set_title("How likely the particle is on its way")
        for axis in (plane, climb):
            axis.title.set_size(9)
            axis.tick_params(labelsize=7, length=2)
            axis.xaxis.label.set_size(8)
            axis.yaxis.label.set_size(8)
        places = [f"({x:.2f}, {y:.2f})" for x, y in (path[0].tolist(), path[step].tolist())]
        return figure, (
            f"Two panels. The plane with the density after noise of standard deviation {view.std:.2f} as "
            f"shading, and arrows to where the {view.field} denoiser sends each point; a particle dropped at "
            f"{places[0]} follows them and is at {places[1]} after {step} steps. Beside it the log-density "
            f"along its way, from {heights[0]:.2f} nats to {heights[step]:.2f}."
        )


def _checked_mixture(mixture) -> GaussianMixture:
    """The mixture in float64. Raises TypeError or ValueError unless it is one, in the plane."""
    if not isinstance(mixture, GaussianMixture):
        raise TypeError(
            f"mixture must be an aecore.exact.GaussianMixture, got {type(mixture).__name__}"
        )
    if mixture.means.shape[1] != 2:
        raise ValueError(
            f"the mixture must be of two dimensions to be drawn, got {mixture.means.shape[1]}"
        )
    parts = (mixture.weights, mixture.means, mixture.covariances)
    weights, means, covariances = (part.detach().to("cpu", torch.float64) for part in parts)
    return GaussianMixture(weights, means, covariances)


def _checked_denoiser(denoiser) -> Decoder:
    shared = Decoder.of(denoiser, dtype="float32")
    if shared.latent_dim != 3 or math.prod(shared.output_shape) != 2:
        raise ValueError(
            "the denoiser must take [x1, x2, log sigma] and give two numbers, but it takes "
            f"{shared.latent_dim} and gives {math.prod(shared.output_shape)}"
        )
    return shared


def _checked_points(points) -> np.ndarray:
    """Clean data as float64 [n, 2], at most MOST_POINTS of them, evenly chosen."""
    if points is None:
        return np.zeros((0, 2))
    values = torch.as_tensor(points).detach().to("cpu", torch.float64).numpy()
    if values.ndim != 2 or values.shape[1] != 2 or not np.isfinite(values).all():
        raise ValueError(f"points must be finite numbers [N, 2], got {list(values.shape)}")
    kept = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).astype(int)
    return values[kept]


def _region(mixture, places, extent) -> list[float]:
    """Centre and half-width of a square that holds each component to three standard deviations, and data."""
    means = mixture.means.numpy()
    reach = 3 * mixture.covariances.diagonal(dim1=-2, dim2=-1).sqrt().numpy()
    around = np.concatenate([means - reach, means + reach, places])
    low, high = around.min(0), around.max(0)
    centre = np.round((low + high) / 2, 2)
    if extent is None:
        extent = 1.15 * max(high - centre)
    if not (math.isfinite(extent) and extent > 0):
        raise ValueError(f"extent must be a positive number, half of a side; got {extent!r}")
    return [*centre.tolist(), round(float(extent), 2)]
