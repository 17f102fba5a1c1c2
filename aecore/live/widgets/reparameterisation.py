"""ReparameterisationExplorer: frozen noise is dragged by mu and sigma, and two gradients are estimated.

For z ~ N(mu, sigma^2) the gradient of E[z^2] is 2 mu with respect to mu and 2 sigma with respect to sigma.
The pathwise estimator (Kingma and Welling, 2013, arXiv:1312.6114) follows z = mu + sigma eps; the
score-function estimator (Williams, 1992) weighs z^2 with the derivative of the log-density. The
page computes both from noise that never changes (reparameterisation.js, gradients.js).
"""

import math

import ipywidgets
import numpy as np
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.noise import normal_noise
from aecore.live.ranges import within
from aecore.live.view import LiveBox, View, look, slider, slider_row
from aecore.plotting import CLASS_COLOURS

MEANS = (-2.5, 2.5)
LOG_STDS = (-1.5, 0.5)
STEP = 0.05
MOST_SAMPLES = 32
POINTS = 24
ESTIMATES = 1000
PARAMETERS = ("mean", "std")
_BLUE, _ORANGE = CLASS_COLOURS[0], CLASS_COLOURS[6]
_INK = "#14202b"


class _ReparameterisationView(View):
    _esm, _css = assets("reparameterisation")
    mean = traitlets.Float().tag(sync=True)
    log_std = traitlets.Float().tag(sync=True)
    samples = traitlets.Float(1.0).tag(sync=True)
    parameter = traitlets.Enum(PARAMETERS, default_value=PARAMETERS[0]).tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    points = traitlets.Int(POINTS).tag(sync=True)
    estimates = traitlets.Int(ESTIMATES).tag(sync=True)


def pathwise(eps, mean, std, parameter):
    """What one noise `eps` reports of the gradient of E[z^2], following z: f'(z) times dz."""
    return 2 * (mean + std * eps) * (1 if parameter == "mean" else eps)


def score_function(eps, mean, std, parameter):
    """What one noise `eps` reports of it by the score function: f(z) times d log q(z)."""
    return (mean + std * eps) ** 2 * (eps if parameter == "mean" else eps**2 - 1) / std


class ReparameterisationExplorer(LiveBox):
    """Frozen noise, its way to z and to z^2, and the spread of two estimators of d E[z^2].

    mean, log_std: where the sliders of mu (-2.5 to 2.5) and log sigma (-1.5 to 0.5) begin. samples: how many
    samples each estimate averages to begin with: 1, 2, 4, 8, 16 or 32. seed: of the frozen noise.
    parameter: "mean" or "std", what the gradient is taken with respect to, to begin with.
    label: for a screen reader.

    Attributes: `view` (traits mean, log_std, samples, parameter) and `sliders`, by the name of the trait.
    Raises ValueError, naming the value, for what is outside these ranges.
    """

    def __init__(
        self,
        *,
        mean=1.0,
        log_std=0.0,
        samples=1,
        seed=0,
        parameter="mean",
        label="Reparameterisation of a normal distribution, and two gradient estimators",
    ):
        mean = within("mean", mean, MEANS)
        log_std = within("log_std", log_std, LOG_STDS)
        steps = [2**k for k in range(MOST_SAMPLES.bit_length())]
        if samples not in steps:
            raise ValueError(f"samples must be one of {steps}, got {samples}")
        if parameter not in PARAMETERS:
            raise ValueError(f"parameter must be one of {PARAMETERS}, got {parameter!r}")
        view = _ReparameterisationView(
            mean=mean,
            log_std=log_std,
            samples=samples,
            parameter=parameter,
            seed=seed,
            label=label,
        )
        self.sliders = {
            "mean": slider("μ", mean, *MEANS, STEP),
            "log_std": slider("log σ", log_std, *LOG_STDS, STEP),
            "samples": _doubling_slider("samples R", samples),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders), above=True)

    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """The estimates that the page shows as things stand: pathwise and score function, each [1000]."""
        view = self.view
        noise = normal_noise(view.seed, MOST_SAMPLES * view.estimates)
        used = noise.reshape(view.estimates, MOST_SAMPLES)[:, : int(view.samples)]
        state = view.mean, math.exp(view.log_std), view.parameter
        return pathwise(used, *state).mean(1), score_function(used, *state).mean(1)

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        std, symbol = math.exp(view.log_std), "μ" if view.parameter == "mean" else "σ"
        many = "1 sample" if view.samples == 1 else f"{view.samples:.0f} samples"
        exact = 2 * (view.mean if view.parameter == "mean" else std)
        eps = normal_noise(view.seed, view.points)
        z = view.mean + std * eps
        figure = Figure(figsize=(7.2, 3), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(3, 2))
        flow = figure.add_subplot(grid[:, 0])
        above = figure.add_subplot(grid[0, 1])
        below = figure.add_subplot(grid[1, 1], sharex=above, sharey=above)

        flow.plot([eps, z], [np.zeros_like(eps), np.ones_like(z)], color=_BLUE, lw=0.7, alpha=0.6)
        flow.plot(eps, np.zeros_like(eps), "o", ms=4, color=_INK, clip_on=False)
        flow.plot(z, np.ones_like(z), "o", ms=4, color=_BLUE, clip_on=False)
        flow.set(ylim=(0, 1), yticks=[0, 1], yticklabels=["ε", "z"], xlabel="ε, and z = μ + σε")
        flow.set_title(f"Frozen noise, μ = {view.mean:.2f}, σ = {std:.2f}", size=9, loc="left")

        names = ("pathwise", "score function")
        found = self.estimates()
        reach = abs(exact) + 2.6 * found[1].std()
        panels = zip((above, below), found, names, (_BLUE, _ORANGE), strict=True)
        for axis, values, name, colour in panels:
            axis.hist(values, np.linspace(-reach, reach, 72), color=colour)
            axis.axvline(exact, color=_INK, lw=1, ls="--")
            axis.set(yscale="log", ylabel=name)
        above.set_title(f"{view.estimates} estimates, each from {many}", size=9, loc="left")
        above.tick_params(labelbottom=False)
        below.set_xlabel(f"estimate of d/d{symbol} E[z²]; exact: {exact:.2f}")
        for axis in (flow, above, below):
            axis.tick_params(labelsize=7, length=2)
            axis.xaxis.label.set_size(8)
            axis.yaxis.label.set_size(8)

        told = " and ".join(
            f"{v.mean():.2f} with standard deviation {v.std(ddof=1):.2f} for the {name} estimator"
            for v, name in zip(found, names, strict=True)
        )
        return figure, (
            f"Two charts. {view.points} frozen noises on one axis, joined by lines to z = {view.mean:.2f} + "
            f"{std:.2f} times the noise. Beside it histograms of {view.estimates} estimates of the gradient "
            f"of E[z²] with respect to {symbol}, each from {many}: the exact value is "
            f"{exact:.2f}; the means are {told}."
        )


def _doubling_slider(text: str, value: float) -> ipywidgets.FloatLogSlider:
    """A slider over 1, 2, 4 ... `MOST_SAMPLES`."""
    return ipywidgets.FloatLogSlider(
        description=text,
        value=value,
        base=2,
        min=0,
        max=math.log2(MOST_SAMPLES),
        step=1,
        readout_format=".0f",
        **look(),
    )
