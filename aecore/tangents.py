"""Tangent planes: the directions in which an image can move and stay what it is.

A decoder draws a surface; the columns of its Jacobian dx/dz span the plane that touches it at g(z). An
encoder that is trained to contract keeps its sensitivity for the directions along the data: the leading
right singular vectors of dz/dx are its guess at that plane (Rifai et al., 2011, "The manifold tangent
classifier"). Without a model, principal components of a point's neighbours give a plane too.

For the procedural digits the true planes are known, for their renderer can be differentiated:

    true = decoder_tangents(lambda f: strokes.render(d.labels, f, d.wobble, d.form), d.factors)
    angles = tangent_angles(true.basis, encoder_tangents(model.encoder, d.images, dim=4).basis)

For other images ``image_tangents`` gives the same four movements, from the slopes of the image itself.

The wobble of the hand moves the images too, in directions that nearly contain a slant, a width and a
turn: where the four factors are to be the whole plane, draw without it (``wobble=None``).

Axis letters: B points, D data dimensions, d code dimensions, k dimensions of a plane. Images count as
flat, D = C * H * W, in the order of ``flatten``.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from aecore.evaluation import principal_angles
from aecore.networks import run_encoder


class TangentSpace(NamedTuple):
    """One plane per point: orthonormal columns ``basis`` [B, D, k], and ``values`` [B, k], descending.

    values are the singular values, in units of output per unit of input of the function that was
    differentiated; for ``local_pca`` they are standard deviations, in units of the data.
    """

    basis: Tensor
    values: Tensor


@torch.no_grad()
def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """d function / dx at each of B points: [B, M, N] for x [B, ...] of N numbers and outputs of M numbers.

    function: takes the whole batch and returns [B, ...], each output made from its own input alone (no
    batch statistics). Through ``torch.func``, exact: one forward pass (``jvp``) per input number, or one
    backward pass (``vjp``) per output number, whichever are fewer; all of them at once, so a batch takes
    the memory of B * M * N numbers and more. The result carries no gradient; to train on a Jacobian, see
    ``aecore.objectives.contractive_penalty``.

    Raises ValueError when x has no examples or is not floating-point, or the outputs are not [B, ...].
    """
    if x.dim() < 2 or len(x) == 0 or not x.is_floating_point():
        raise ValueError(
            f"expected a floating-point batch [B, ...] of at least one point, got {x.dtype} {list(x.shape)}"
        )
    out = function(x)
    if not torch.is_tensor(out) or out.dim() < 1 or len(out) != len(x):
        got = list(out.shape) if torch.is_tensor(out) else type(out).__name__
        raise ValueError(
            f"the function must map a batch of {len(x)} to a tensor [{len(x)}, ...], got {got}; "
            "of a distribution, differentiate the mean"
        )
    if out[0].numel() < x[0].numel():
        pull_back = torch.func.vjp(function, x)[1]
        rows = torch.func.vmap(lambda v: pull_back(v)[0])(_directions(out))
        return rows.flatten(2).transpose(0, 1).contiguous()

    def push_forward(v: Tensor) -> Tensor:
        return torch.func.jvp(function, (x,), (v,))[1]

    columns = torch.func.vmap(push_forward)(_directions(x))
    return columns.flatten(2).permute(1, 2, 0).contiguous()


def decoder_tangents(
    decoder: Callable[[Tensor], Tensor], z: Tensor, *, dim: int | None = None
) -> TangentSpace:
    """Planes that touch a decoder's surface at g(z), for codes z [B, d]: leading left singular vectors.

    decoder: a network or any function from [B, d] to [B, ...], such as ``model.decode`` or a renderer.
    values[:, 0] is how far the output moves, at most, for a step of length 1 in z. dim: k, None for all
    min(D, d). Where values fall to 0 the plane has fewer dimensions, and its last columns mean nothing.

    Raises ValueError for a dim that is not from 1 to min(D, d), and as ``jacobian``.
    """
    matrix = jacobian(decoder, z)
    _check_dim(dim, min(matrix.shape[1:]))
    u, values, _ = torch.linalg.svd(matrix, full_matrices=False)
    return TangentSpace(u[:, :, :dim], values[:, :dim])


def encoder_tangents(
    encoder: Callable[[Tensor], Tensor], x: Tensor, *, dim: int | None = None
) -> TangentSpace:
    """Directions in data space to which an encoder is most sensitive, at x [B, ...]: right singular vectors.

    encoder: a network or any function from [B, ...] to [B, d], such as ``model.encode``. values[:, 0] is
    how far the code moves, at most, for a step of length 1 in x; the sum of all their squares is the
    contractive penalty. dim: k, None for all min(D, d).

    Raises ValueError for a dim that is not from 1 to min(D, d), and as ``jacobian``.
    """
    matrix = jacobian(lambda data: run_encoder(encoder, data), x)
    _check_dim(dim, min(matrix.shape[1:]))
    _, values, v = torch.linalg.svd(matrix, full_matrices=False)
    return TangentSpace(v.mT[:, :, :dim], values[:, :dim])


@torch.no_grad()
def local_pca(points: Tensor, at: Tensor, *, neighbours: int, dim: int) -> TangentSpace:
    """Planes of the principal components of the points nearest to each of ``at``.

    points: data [N, ...]. at: [B, ...], where the planes are wanted; a point that is in both counts among
    its own neighbours. The neighbours are centred on their own mean. values are their standard deviations
    along the columns, with divisor neighbours - 1.

    neighbours: enough to fill the plane and few enough to see no curvature. dim: k.
    Raises ValueError unless 1 <= dim < neighbours <= N and dim <= D, and for data that do not fit
    together or are not finite.
    """
    from sklearn.neighbors import NearestNeighbors

    if points.dim() < 2 or points.shape[1:] != at.shape[1:]:
        raise ValueError(
            "expected points [N, ...] and at [B, ...] of one kind, got "
            f"{list(points.shape)} and {list(at.shape)}"
        )
    points, at = points.detach().flatten(1), at.detach().flatten(1)
    if not (1 <= dim < neighbours <= len(points) and dim <= points.shape[1]):
        raise ValueError(
            f"expected 1 <= dim < neighbours <= {len(points)} points and dim <= {points.shape[1]} "
            f"dimensions, got dim={dim}, neighbours={neighbours}"
        )
    if not (points.isfinite().all() and at.isfinite().all()):
        raise ValueError("some coordinates are NaN or infinite; leave those examples out")
    search = NearestNeighbors(n_neighbors=neighbours).fit(points.cpu().double().numpy())
    index = search.kneighbors(at.cpu().double().numpy(), return_distance=False)
    near = points[torch.from_numpy(index).to(points.device)]
    _, values, v = torch.linalg.svd(near - near.mean(1, keepdim=True), full_matrices=False)
    return TangentSpace(v.mT[:, :, :dim], values[:, :dim] / math.sqrt(neighbours - 1))


@torch.no_grad()
def image_tangents(images: Tensor) -> Tensor:
    """How any images [B, 1, H, W] move under four movements of the pen: [B, H * W, 4], not normalised.

    The columns follow ``strokes.FACTOR_NAMES``, with its units and signs: slant (degrees), thickness
    (pixels), width (ratio) and rotation (degrees, counter-clockwise), about the centre of the image. A
    movement of the plane changes an image by minus its velocity times the image's slope; a pen that is
    thicker by 1 pixel moves each rim outwards by 1/2 (Simard, LeCun, Denker and Victorri, 1998,
    "Transformation invariance in pattern recognition", section 12.4.3). Slopes are central differences,
    so these are exact for smooth images only, and rough where an edge is sharper than a pixel.

    Raises ValueError unless images are floating-point [B, 1, H, W] with H and W of at least 2.
    """
    if (
        images.dim() != 4
        or images.shape[1] != 1
        or min(images.shape[2:]) < 2
        or not images.is_floating_point()
    ):
        raise ValueError(
            f"expected floating-point images [B, 1, H, W], got {images.dtype} {list(images.shape)}"
        )
    by_row, by_column = torch.gradient(images, dim=(2, 3))
    height, width = images.shape[2:]
    y = torch.arange(height, dtype=images.dtype, device=images.device)[:, None] - (height - 1) / 2
    x = torch.arange(width, dtype=images.dtype, device=images.device) - (width - 1) / 2
    degree = math.pi / 180
    moved = (
        degree * y * by_column,
        (by_row.square() + by_column.square()).sqrt() / 2,
        -x * by_column,
        degree * (x * by_row - y * by_column),
    )
    return torch.stack([part.flatten(1) for part in moved], 2)


def tangent_angles(a: Tensor, b: Tensor) -> Tensor:
    """Principal angles in radians between the planes of each point, largest first: [B, min(k, m)].

    a: [B, D, k], b: [B, D, m], such as two ``basis``; columns need not be orthonormal. Each pair goes
    through ``aecore.evaluation.principal_angles``. For scale: random planes of few dimensions in many are
    nearly orthogonal, so their angles are near pi / 2.

    Raises ValueError unless both are batches of the same B and D.
    """
    if a.dim() != 3 or b.dim() != 3 or a.shape[:2] != b.shape[:2] or len(a) == 0:
        raise ValueError(
            f"expected planes [B, D, k] and [B, D, m], got {list(a.shape)} and {list(b.shape)}"
        )
    return torch.stack([principal_angles(p, q) for p, q in zip(a, b, strict=True)])


def _directions(x: Tensor) -> Tensor:
    """The unit directions of one example of x [B, ...], each for all B at once: [N, B, ...]."""
    n = x[0].numel()
    eye = torch.eye(n, dtype=x.dtype, device=x.device)
    return eye.reshape(n, 1, *x.shape[1:]).expand(n, *x.shape)


def _check_dim(dim: int | None, most: int) -> None:
    if dim is None:
        return
    if isinstance(dim, bool) or not isinstance(dim, int) or not 1 <= dim <= most:
        raise ValueError(f"dim must be an integer from 1 to {most}, or None for all, got {dim!r}")
