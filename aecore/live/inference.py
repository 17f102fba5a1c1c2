"""PosteriorExplorer and ELBOExplorer: the latent-variable model that can be solved exactly.

z ~ N(0, 1) and x | z ~ N(weight z + bias, noise_std^2), all of one dimension: probabilistic PCA
(Tipping and Bishop, 1999) at its smallest. The views posterior.js and elbo.js compute in the page;
the mathematics is in gaussian.js.
"""

import math

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch.distributions import Normal, kl_divergence

from aecore.live.bundle import compose
from aecore.live.ranges import fine_slider, slider_row, within
from aecore.live.view import LiveBox, View
from aecore.plotting import CLASS_COLOURS

NOISE_BOUNDS = (0.2, 2.0)
WEIGHT_BOUNDS = (-4.0, 4.0)
MEAN_BOUNDS = (-3.0, 3.0)
LOG_STD_BOUNDS = (-3.0, 0.5)
STEP, Q_STEP = 0.05, 0.01

_BLUE, _RED, _PURPLE, _GREY, _ORANGE = (CLASS_COLOURS[i] for i in (0, 2, 4, 8, 6))
_Z = torch.linspace(-4, 4, 401, dtype=torch.float64)


class _LatentView(View):
    weight = traitlets.Float().tag(sync=True)
    bias = traitlets.Float().tag(sync=True)
    noise_std = traitlets.Float().tag(sync=True)
    x = traitlets.Float().tag(sync=True)
    x_bounds = traitlets.List(traitlets.Float()).tag(sync=True)


class _PosteriorView(_LatentView):
    _esm = compose("posterior.js")


class _ElboView(_LatentView):
    _esm = compose("elbo.js")
    mean = traitlets.Float().tag(sync=True)
    log_std = traitlets.Float().tag(sync=True)


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
        model = _checked(weight, bias, noise_std, x)
        view = _PosteriorView(**model, label=label)
        self.sliders = {
            "x": fine_slider("data x", view.x, view.x_bounds, STEP),
            "noise_std": fine_slider("noise std s", view.noise_std, NOISE_BOUNDS, STEP),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        prior, posterior, evidence = exact(view)
        likelihood = Normal(view.weight * _Z + view.bias, view.noise_std)
        product = (likelihood.log_prob(_of(view.x)) + prior.log_prob(_Z)).exp()
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        joint, sliced, after = figure.subplots(1, 3)
        xs = torch.linspace(*view.x_bounds, 161, dtype=torch.float64)
        density = (likelihood.log_prob(xs[:, None]) + prior.log_prob(_Z)).exp()
        levels = np.linspace(0.05, 1, 6) * density.max().item()
        joint.contour(_Z, xs, density, levels, colors=_ORANGE, linewidths=0.9)
        joint.axhline(view.x, color=_RED, lw=1.5)
        sliced.plot(_Z, prior.log_prob(_Z).exp(), color=_GREY, label="prior")
        sliced.plot(_Z, likelihood.log_prob(_of(view.x)).exp(), color=_PURPLE, label="likelihood")
        sliced.fill_between(_Z, product, color=_ORANGE, alpha=0.3, lw=0, label="product")
        after.plot(_Z, prior.log_prob(_Z).exp(), color=_GREY, label="prior")
        after.plot(_Z, posterior.log_prob(_Z).exp(), color=_RED, label="posterior")
        sliced.legend(frameon=False, fontsize=7)
        after.legend(frameon=False, fontsize=7)
        titles = "Joint density p(x, z)", f"Slice at x = {view.x:.2f}", "Posterior p(z|x)"
        _finish((joint, sliced, after), titles, ("x", "density", "density"))
        log_p = evidence.log_prob(_of(view.x)).item()
        mean, std = posterior.mean.item(), posterior.stddev.item()
        return figure, (
            f"Three panels. The joint density of x and z with a line at x = {view.x:.2f}; along that line, "
            f"over z, the prior, the likelihood and their product, whose area is "
            f"p(x) = {math.exp(log_p):.4f}, so log p(x) = {log_p:.3f} nats; and the posterior with mean "
            f"{mean:.3f} and standard deviation {std:.3f}, beside the prior."
        )


class ELBOExplorer(LiveBox):
    """q beside the exact posterior, and the ELBO's ledger: ELBO + KL(q || posterior) = log p(x).

    weight, bias, noise_std, x, label: as for `PosteriorExplorer`. mean, log_std: of q to begin with, from -3
    to 3 and from -3 to 0.5; by default q is the prior.

    Attributes: `view` (traits x, mean and log_std move) and `sliders`, by trait.
    Raises ValueError, naming the value, for one outside its range.
    """

    def __init__(
        self,
        *,
        weight=1.5,
        bias=0.0,
        noise_std=0.6,
        x=1.2,
        mean=0.0,
        log_std=0.0,
        label="Evidence lower bound of one observation",
    ):
        model = _checked(weight, bias, noise_std, x)
        mean = within("mean", mean, MEAN_BOUNDS)
        log_std = within("log_std", log_std, LOG_STD_BOUNDS)
        view = _ElboView(**model, mean=mean, log_std=log_std, label=label)
        self.sliders = {
            "mean": fine_slider("mean μ of q", mean, MEAN_BOUNDS, Q_STEP),
            "log_std": fine_slider("log σ of q", log_std, LOG_STD_BOUNDS, Q_STEP),
            "x": fine_slider("data x", view.x, view.x_bounds, STEP),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        prior, posterior, evidence = exact(view)
        q = Normal(_of(view.mean), _of(view.log_std).exp())
        log_p = evidence.log_prob(_of(view.x)).item()
        gap, rate = kl_divergence(q, posterior).item(), kl_divergence(q, prior).item()
        elbo = log_p - gap
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        beside, ledger = figure.subplots(1, 2)
        for distribution, name, colour in (
            (prior, "prior", _GREY),
            (posterior, "posterior", _RED),
            (q, "q", _BLUE),
        ):
            beside.plot(_Z, distribution.log_prob(_Z).exp(), color=colour, label=name)
        beside.legend(frameon=False, fontsize=7)
        rows = (
            ("reconstruction", 0, elbo + rate, _PURPLE),
            ("− KL(q‖prior)", elbo + rate, elbo, _GREY),
            ("= ELBO", 0, elbo, _BLUE),
            ("+ KL(q‖posterior)", elbo, log_p, _ORANGE),
            ("= log p(x)", 0, log_p, _RED),
        )
        for i, (_, start, end, colour) in enumerate(rows):
            ledger.barh(i, end - start, left=start, color=colour, height=0.55)
        ledger.axvline(log_p, color=_RED, lw=1)
        ledger.set_yticks(range(len(rows)), [row[0] for row in rows])
        ledger.invert_yaxis()
        places = [place for row in rows for place in row[1:3]]
        room = 0.06 * (max(places) - min(places))
        ledger.set_xlim(min(places) - room, max(places) + room)
        _finish((beside, ledger), ("q beside the posterior", "The ledger"), ("density", ""))
        ledger.set_xlabel("nats", size=8)
        return figure, (
            f"Two panels at x = {view.x:.2f}. The densities of q = N({view.mean:.2f}, {q.stddev:.2f}²), "
            f"of the exact posterior and of the prior; and bars that add up: reconstruction "
            f"{elbo + rate:.3f} minus KL to the prior {rate:.3f} is the ELBO, {elbo:.3f}; plus the gap "
            f"{gap:.3f} it is log p(x) = {log_p:.3f} nats."
        )


def _checked(weight: float, bias: float, noise_std: float, x: float) -> dict:
    """The model's traits; its range of x leaves each posterior within reach of q's sliders.

    Raises ValueError for a value outside its range.
    """
    weight = within("weight", weight, WEIGHT_BOUNDS)
    noise_std = within("noise_std", noise_std, NOISE_BOUNDS)
    bias = within("bias", bias, (-100, 100))
    reach = round(5 * math.hypot(weight, noise_std)) / 2
    bounds = [bias - reach, bias + reach]
    x = within("x", x, bounds)
    return {"weight": weight, "bias": bias, "noise_std": noise_std, "x": x, "x_bounds": bounds}


def exact(view) -> tuple[Normal, Normal, Normal]:
    """Prior and posterior of z, and the distribution of x, of a view's model at its x."""
    precision = 1 + view.weight**2 / view.noise_std**2
    mean = view.weight * (view.x - view.bias) / view.noise_std**2 / precision
    return (
        Normal(_of(0.0), _of(1.0)),
        Normal(_of(mean), _of(precision**-0.5)),
        Normal(_of(view.bias), _of(math.hypot(view.weight, view.noise_std))),
    )


def _of(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _finish(axes, titles, names) -> None:
    for axis, title, name in zip(axes, titles, names, strict=True):
        axis.set_title(title, size=9, loc="left", weight="bold")
        axis.set_xlabel("z", size=8)
        axis.set_ylabel(name, size=8)
        axis.tick_params(labelsize=7, length=2)
