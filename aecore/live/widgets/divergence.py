"""KLPlayground: a normal distribution q, a target p, and the two divergences between them as areas.

The sliders of q's mean and log standard deviation are `jslink`ed to an anywidget view
(divergence.js), which computes every number in the page; the mathematics is in relative.js.
"""

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch.distributions import Categorical, MixtureSameFamily, Normal

from aecore.live.bundle import assets
from aecore.live.fallback import dress
from aecore.live.ranges import within
from aecore.live.view import LiveBox, View, slider, slider_row
from aecore.plotting import CLASS_COLOURS

TARGETS = {
    "normal": {"weights": [1.0], "means": [0.0], "stds": [1.0]},
    "mixture": {"weights": [0.5, 0.5], "means": [-2.0, 2.0], "stds": [0.6, 0.6]},
}
"""What p may be: N(0, 1), or two bumps that no single normal can match."""

MEAN_BOUNDS = (-3.0, 3.0)
LOG_STD_BOUNDS = (-1.5, 1.0)
STEP = 0.05
NOISE_SEED, NOISE_COUNT = 0, 1000

_Q, _P, _ABOVE, _BELOW = CLASS_COLOURS[0], CLASS_COLOURS[6], CLASS_COLOURS[4], CLASS_COLOURS[2]


class _PlaygroundView(View):
    _esm, _css = assets("divergence")
    mean = traitlets.Float().tag(sync=True)
    log_std = traitlets.Float().tag(sync=True)
    target = traitlets.Enum(tuple(TARGETS), default_value="normal").tag(sync=True)
    targets = traitlets.Dict(TARGETS).tag(sync=True)
    bounds = traitlets.List([list(MEAN_BOUNDS), list(LOG_STD_BOUNDS)]).tag(sync=True)
    step = traitlets.Float(STEP).tag(sync=True)
    noise = traitlets.List([NOISE_SEED, NOISE_COUNT]).tag(sync=True)


class KLPlayground(LiveBox):
    """q = N(mean, exp(log_std)^2) against p, with KL(q || p) and KL(p || q) in nats.

    mean: of q, from -3 to 3. log_std: log of q's standard deviation, from -1.5 to 1. target: "normal" for
    p = N(0, 1), whose divergence has a formula; "mixture" for two bumps, on which the two directions
    differ: KL(q || p) seeks one bump, KL(p || q) covers both. label: for a screen reader.

    Attributes: `view` (traits mean, log_std, target) and `sliders`, by trait.
    Raises ValueError, naming the value, for one outside its range or an unknown target.
    """

    def __init__(
        self,
        *,
        mean=1.0,
        log_std=-0.5,
        target="normal",
        label="Kullback-Leibler divergence of two distributions",
    ):
        if target not in TARGETS:
            raise ValueError(f"target must be one of {tuple(TARGETS)}, got {target!r}")
        mean = within("mean", mean, MEAN_BOUNDS)
        log_std = within("log_std", log_std, LOG_STD_BOUNDS)
        view = _PlaygroundView(mean=mean, log_std=log_std, target=target, label=label)
        self.sliders = {
            "mean": slider("mean μ of q", mean, *MEAN_BOUNDS, STEP),
            "log_std": slider("log σ of q", log_std, *LOG_STD_BOUNDS, STEP),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders, roomy=True))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        q = Normal(*torch.tensor([view.mean, np.exp(view.log_std)], dtype=torch.float64))
        p = target_distribution(view.target)
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        z = torch.linspace(-6, 6, 601, dtype=torch.float64)
        for distribution, name, colour in ((p, "p", _P), (q, "q", _Q)):
            density = distribution.log_prob(z).exp()
            left.plot(z, density, color=colour, lw=1.8, label=name)
        left.set_ylim(0)
        left.legend(frameon=False, fontsize=8)
        totals = []
        for axis, first, second in ((middle, q, p), (right, p, q)):
            f = integrand(first, second, z)
            axis.plot(z, f, color="black", lw=0.8)
            axis.fill_between(z, f, where=f >= 0, color=_ABOVE, alpha=0.3, lw=0)
            axis.fill_between(z, f, where=f <= 0, color=_BELOW, alpha=0.3, lw=0)
            totals.append(divergence(first, second))
        titles = (
            "Densities",
            f"KL(q‖p) = {totals[0]:.3f} nats",
            f"KL(p‖q) = {totals[1]:.3f} nats",
        )
        names = ("density", "q log(q/p), nats per unit", "p log(p/q), nats per unit")
        for axis, title, name in zip((left, middle, right), titles, names, strict=True):
            dress(axis, title, xlabel="z", ylabel=name)
        what = "N(0, 1)" if view.target == "normal" else "a mixture of two bumps at −2 and 2"
        return figure, (
            f"Three panels. The densities of q = N({view.mean:.2f}, {np.exp(view.log_std):.2f}²) and of p, "
            f"{what}; the integrand of KL(q‖p), whose signed area is {totals[0]:.3f} nats; and that of "
            f"KL(p‖q), whose signed area is {totals[1]:.3f} nats."
        )


def target_distribution(name: str) -> MixtureSameFamily:
    """The target p of that name, in float64."""
    weights, means, stds = (
        torch.tensor(TARGETS[name][key], dtype=torch.float64)
        for key in ("weights", "means", "stds")
    )
    return MixtureSameFamily(Categorical(weights), Normal(means, stds))


def integrand(first, second, z) -> torch.Tensor:
    """first(z) log(first(z) / second(z)), of which KL(first || second) is the integral."""
    log_first = first.log_prob(z)
    return log_first.exp() * (log_first - second.log_prob(z))


def divergence(first, second) -> float:
    """KL(first || second) in nats, by the trapezoidal rule over all that matters."""
    centre, reach = first.mean.item(), 12 * first.variance.sqrt().item()
    z = torch.linspace(centre - reach, centre + reach, 8001, dtype=torch.float64)
    return torch.trapezoid(integrand(first, second, z), z).item()
