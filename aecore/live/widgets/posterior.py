"""PosteriorExplorer: the joint density of a latent and an observed number, and the posterior as its slice.

The model is that of `aecore.live.inference`; the page (posterior.js) computes every number.
"""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from aecore.live.bundle import assets
from aecore.live.fallback import dress
from aecore.live.inference import (
    NOISE_BOUNDS,
    STEP,
    Z_GRID,
    LatentView,
    checked_model,
    double,
    exact,
)
from aecore.live.view import LiveBox, slider, slider_row
from aecore.plotting import CLASS_COLOURS

_RED, _PURPLE, _GREY, _ORANGE = (CLASS_COLOURS[i] for i in (2, 4, 8, 6))


class _PosteriorView(LatentView):
    _esm, _css = assets("posterior")


class PosteriorExplorer(LiveBox):
    """The joint density of x and z, its slice at x, and the posterior p(z | x) that the slice gives.

    weight, bias, noise_std: of the model z ~ N(0, 1), x | z ~ N(weight z + bias, noise_std^2); weight from
    -4 to 4, noise_std from 0.2 to 2. x: the observation, within 2.5 standard deviations of its mean `bias`.
    label: for a screen reader.

    Attributes: `view` (traits x and noise_std move) and `sliders`, by trait.
    Raises ValueError, naming the value, for one outside its range.
    """

    def __init__(
        self,
        *,
        weight=1.5,
        bias=0.0,
        noise_std=0.6,
        x=1.2,
        label="Posterior of a latent variable",
    ):
        model = checked_model(weight, bias, noise_std, x)
        view = _PosteriorView(**model, label=label)
        self.sliders = {
            "x": slider("data x", view.x, *view.x_bounds, STEP),
            "noise_std": slider("noise std s", view.noise_std, *NOISE_BOUNDS, STEP),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders, roomy=True))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        prior, posterior, evidence = exact(view)
        likelihood = Normal(view.weight * Z_GRID + view.bias, view.noise_std)
        product = (likelihood.log_prob(double(view.x)) + prior.log_prob(Z_GRID)).exp()
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        joint, sliced, after = figure.subplots(1, 3)
        xs = torch.linspace(*view.x_bounds, 161, dtype=torch.float64)
        density = (likelihood.log_prob(xs[:, None]) + prior.log_prob(Z_GRID)).exp()
        levels = np.linspace(0.05, 1, 6) * density.max().item()
        joint.contour(Z_GRID, xs, density, levels, colors=_ORANGE, linewidths=0.9)
        joint.axhline(view.x, color=_RED, lw=1.5)
        sliced.plot(Z_GRID, prior.log_prob(Z_GRID).exp(), color=_GREY, label="prior")
        sliced.plot(
            Z_GRID, likelihood.log_prob(double(view.x)).exp(), color=_PURPLE, label="likelihood"
        )
        sliced.fill_between(Z_GRID, product, color=_ORANGE, alpha=0.3, lw=0, label="product")
        after.plot(Z_GRID, prior.log_prob(Z_GRID).exp(), color=_GREY, label="prior")
        after.plot(Z_GRID, posterior.log_prob(Z_GRID).exp(), color=_RED, label="posterior")
        sliced.legend(frameon=False, fontsize=7)
        after.legend(frameon=False, fontsize=7)
        titles = "Joint density p(x, z)", f"Slice at x = {view.x:.2f}", "Posterior p(z|x)"
        names = ("x", "density", "density")
        for axis, title, name in zip((joint, sliced, after), titles, names, strict=True):
            dress(axis, title, xlabel="z", ylabel=name)
        log_p = evidence.log_prob(double(view.x)).item()
        mean, std = posterior.mean.item(), posterior.stddev.item()
        return figure, (
            f"Three panels. The joint density of x and z with a line at x = {view.x:.2f}; along that line, "
            f"over z, the prior, the likelihood and their product, whose area is "
            f"p(x) = {math.exp(log_p):.4f}, so log p(x) = {log_p:.3f} nats; and the posterior with mean "
            f"{mean:.3f} and standard deviation {std:.3f}, beside the prior."
        )
