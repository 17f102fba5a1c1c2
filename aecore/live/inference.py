"""The latent-variable model that can be solved exactly, as two widgets show it.

z ~ N(0, 1) and x | z ~ N(weight z + bias, noise_std^2), all of one dimension: probabilistic PCA
(Tipping and Bishop, 1999) at its smallest. The page has the same mathematics in gaussian.js.
"""

import math

import torch
import traitlets
from torch.distributions import Normal

from aecore.live.ranges import within
from aecore.live.view import View

NOISE_BOUNDS = (0.2, 2.0)
WEIGHT_BOUNDS = (-4.0, 4.0)
STEP = 0.05
Z_GRID = torch.linspace(-4, 4, 401, dtype=torch.float64)


class LatentView(View):
    """A view of the model and of one observation x."""

    weight = traitlets.Float().tag(sync=True)
    bias = traitlets.Float().tag(sync=True)
    noise_std = traitlets.Float().tag(sync=True)
    x = traitlets.Float().tag(sync=True)
    x_bounds = traitlets.List(traitlets.Float()).tag(sync=True)


def checked_model(weight: float, bias: float, noise_std: float, x: float) -> dict:
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
        Normal(double(0.0), double(1.0)),
        Normal(double(mean), double(precision**-0.5)),
        Normal(double(view.bias), double(math.hypot(view.weight, view.noise_std))),
    )


def double(value: float) -> torch.Tensor:
    """A number as a float64 tensor."""
    return torch.tensor(value, dtype=torch.float64)
