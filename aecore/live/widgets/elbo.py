"""ELBOExplorer: what the evidence lower bound of one observation is made of.

The model is that of `aecore.live.inference`; the page (elbo.js) computes every number.
"""

import traitlets
from matplotlib.figure import Figure
from torch.distributions import Normal, kl_divergence

from aecore.live.bundle import assets
from aecore.live.fallback import dress
from aecore.live.inference import (
    STEP,
    Z_GRID,
    LatentView,
    checked_model,
    double,
    exact,
)
from aecore.live.ranges import within
from aecore.live.view import LiveBox, slider, slider_row
from aecore.plotting import CLASS_COLOURS

MEAN_BOUNDS = (-3.0, 3.0)
LOG_STD_BOUNDS = (-3.0, 0.5)
Q_STEP = 0.01

_BLUE, _RED, _PURPLE, _GREY, _ORANGE = (CLASS_COLOURS[i] for i in (0, 2, 4, 8, 6))


class _ElboView(LatentView):
    _esm, _css = assets("elbo")
    mean = traitlets.Float().tag(sync=True)
    log_std = traitlets.Float().tag(sync=True)


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
        model = checked_model(weight, bias, noise_std, x)
        mean = within("mean", mean, MEAN_BOUNDS)
        log_std = within("log_std", log_std, LOG_STD_BOUNDS)
        view = _ElboView(**model, mean=mean, log_std=log_std, label=label)
        self.sliders = {
            "mean": slider("mean μ of q", mean, *MEAN_BOUNDS, Q_STEP),
            "log_std": slider("log σ of q", log_std, *LOG_STD_BOUNDS, Q_STEP),
            "x": slider("data x", view.x, *view.x_bounds, STEP),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders, roomy=True))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        prior, posterior, evidence = exact(view)
        q = Normal(double(view.mean), double(view.log_std).exp())
        log_p = evidence.log_prob(double(view.x)).item()
        gap, rate = kl_divergence(q, posterior).item(), kl_divergence(q, prior).item()
        elbo = log_p - gap
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        beside, ledger = figure.subplots(1, 2)
        for distribution, name, colour in (
            (prior, "prior", _GREY),
            (posterior, "posterior", _RED),
            (q, "q", _BLUE),
        ):
            beside.plot(Z_GRID, distribution.log_prob(Z_GRID).exp(), color=colour, label=name)
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
        dress(beside, "q beside the posterior", xlabel="z", ylabel="density")
        dress(ledger, "The ledger", xlabel="nats")
        return figure, (
            f"Two panels at x = {view.x:.2f}. The densities of q = N({view.mean:.2f}, {q.stddev:.2f}²), "
            f"of the exact posterior and of the prior; and bars that add up: reconstruction "
            f"{elbo + rate:.3f} minus KL to the prior {rate:.3f} is the ELBO, {elbo:.3f}; plus the gap "
            f"{gap:.3f} it is log p(x) = {log_p:.3f} nats."
        )
