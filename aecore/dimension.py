"""Intrinsic dimension: how many numbers move a point of the data locally, estimated from distances.

Both estimators rest on one fact. In a d-dimensional ball of constant density, the number of points
within distance r grows like r^d. So, given the distance T_k to a point's k-th nearest neighbour, the
ratios (T_j / T_k)^d of the nearer ones are uniform on (0, 1), and log(T_k / T_j) is exponential with
mean 1 / d. They assume independent points, and a density and tangent space that hardly change within
T_k. Few points in many dimensions lie too far apart for that, and the estimates come out too low.
"""

import math

import torch
from torch import Tensor

# Coordinates in single precision leave equal distances unequal by some 10^-7 of the largest coordinate.
_EQUAL = 1e-5


def mle_dimension(points: Tensor, *, neighbours: int = 20) -> float:
    """Maximum-likelihood intrinsic dimension of points [N, D], from each one's nearest neighbours.

    Levina and Bickel (2004), with the inverses of the local estimates averaged over the points, as
    MacKay and Ghahramani (2005) derive: 1 / d = mean over n and j < k of log(T_k(x_n) / T_j(x_n)).

    neighbours: k, at least 2. It sets the scale: a larger k varies less and sees less detail.
    Raises ValueError unless points are a finite matrix of distinct rows, more of them than neighbours,
    and TypeError when neighbours is not an integer.
    """
    if isinstance(neighbours, bool) or not isinstance(neighbours, int):
        raise TypeError(f"neighbours must be an integer, got {neighbours!r}")
    if neighbours < 2:
        raise ValueError(f"neighbours must be at least 2, got {neighbours}")
    distances = _neighbour_distances(points, neighbours)
    logs = (distances[:, -1:] / distances[:, :-1]).log()
    _refuse_equal(logs)
    return 1 / logs.mean().item()


def two_nn_dimension(points: Tensor, *, discard: float = 0.1) -> float:
    """Intrinsic dimension of points [N, D] from each one's two nearest neighbours.

    Facco, d'Errico, Rodriguez and Laio (2017): the ratio r = T_2 / T_1 has the distribution function
    F(r) = 1 - r^(-d), so -log(1 - F(r)) = d log r. A line through the origin is fitted to the sorted
    ratios with F(r_i) = i / N.

    discard: share of the largest ratios, 0 <= discard < 1, left out because points that are far from
    their neighbours spoil them. The largest one is always left out: F is 1 there.
    Raises ValueError unless points are a finite matrix of at least three distinct rows, or where
    discard leaves no ratio to fit.
    """
    if not 0 <= discard < 1:
        raise ValueError(f"discard must be at least 0 and below 1, got {discard!r}")
    distances = _neighbour_distances(points, 2)
    ratios = (distances[:, 1] / distances[:, 0]).log().sort().values
    n = len(ratios)
    kept = min(math.floor(n * (1 - discard)), n - 1)
    if kept < 1:
        raise ValueError(f"discard={discard!r} leaves none of {n} points; discard less of them")
    x = ratios[:kept]
    _refuse_equal(x)
    y = -torch.log1p(-torch.arange(1, kept + 1, dtype=x.dtype) / n)
    return ((x * y).sum() / x.square().sum()).item()


def _neighbour_distances(points: Tensor, neighbours: int) -> Tensor:
    """Distances [N, neighbours] of each point to its nearest others, ascending, float64 on the CPU."""
    from sklearn.neighbors import NearestNeighbors

    if points.dim() != 2 or points.shape[1] < 1:
        raise ValueError(
            f"expected points [N, D], got {list(points.shape)}; images need images.flatten(1)"
        )
    if len(points) <= neighbours:
        raise ValueError(
            f"{neighbours} neighbours of each point need at least {neighbours + 1} points, "
            f"got {len(points)}"
        )
    if not points.isfinite().all():
        raise ValueError(f"{(~points.isfinite()).sum()} of the coordinates are NaN or infinite")
    x = points.detach().cpu().double()
    different = len(torch.unique(x, dim=0))
    if different < len(x):
        raise ValueError(
            f"only {different} of {len(x)} points are different, and a distance of 0 has no "
            "logarithm; pass torch.unique(points, dim=0)"
        )
    x = x - x.mean(0)
    _, index = NearestNeighbors(n_neighbors=neighbours).fit(x.numpy()).kneighbors()
    # The search subtracts squared norms, which loses the digits of small distances: measure again.
    distances = [(x - x[near]).norm(dim=1) for near in torch.from_numpy(index).T]
    return torch.stack(distances, 1).sort(1).values


def _refuse_equal(logs: Tensor) -> None:
    """Refuse logarithms of ratios that are all 0 but for rounding, as on a grid."""
    if not logs.max() > _EQUAL:
        raise ValueError(
            "all neighbours of every point are equally far, so no dimension fits; the estimators "
            "need a random sample, not a grid or another regular pattern"
        )
