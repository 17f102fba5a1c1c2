"""Jacobians and tangent planes against calculus by hand, finite differences and the renderer of digits."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aecore import strokes
from aecore.models import VAE, Autoencoder
from aecore.networks import conv_encoder, mlp
from aecore.objectives import contractive_penalty
from aecore.tangents import (
    decoder_tangents,
    encoder_tangents,
    image_tangents,
    jacobian,
    local_pca,
    tangent_angles,
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def differences(function, x, step=1e-5):
    """Central differences, [B, M, N]."""
    shifts = step * torch.eye(x[0].numel(), dtype=x.dtype).reshape(-1, *x.shape[1:])
    columns = [(function(x + e) - function(x - e)).flatten(1) / (2 * step) for e in shifts]
    return torch.stack(columns, 2)


def sphere(angles):
    """Points of the unit sphere at longitude and latitude [B, 2]: [B, 3]."""
    longitude, latitude = angles.unbind(1)
    flat = latitude.cos()
    return torch.stack([flat * longitude.cos(), flat * longitude.sin(), latitude.sin()], 1)


def sphere_plane(points):
    """Two orthonormal columns perpendicular to each point [B, 3] of the sphere: [B, 3, 2]."""
    return torch.linalg.svd(points[:, None])[2][:, 1:].mT


def some_digits(n=6, *, plain=False):
    """Digits in float64, and the function of the factors that draws them."""
    d = strokes.digits(40, seed=3)
    seen = (d.labels != 1).nonzero()[:n, 0]  # width does nothing to a one
    labels, form, factors = d.labels[seen], d.form[seen], d.factors[seen].double()
    wobble = None if plain else d.wobble[seen].double()
    return (lambda f: strokes.render(labels, f, wobble, form)), factors


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 5),
    m=st.integers(1, 5),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_a_linear_map_has_its_matrix_for_a_jacobian_whichever_side_is_wider(n, m, batch, seed):
    matrix = normal(m, n, seed=seed)
    found = jacobian(lambda x: x @ matrix.T, normal(batch, n, seed=seed + 1))
    torch.testing.assert_close(found, matrix.expand(batch, m, n))


@pytest.mark.parametrize("sizes", [[5, 8, 3], [3, 8, 5], [4, 6, 4]])
def test_the_jacobian_of_a_network_matches_finite_differences(sizes):
    torch.manual_seed(0)
    network, x = mlp(sizes, nn.Tanh).double(), normal(4, sizes[0])
    found = jacobian(network, x)
    assert found.shape == (4, sizes[-1], sizes[0]) and not found.requires_grad
    torch.testing.assert_close(found, differences(network, x).detach(), rtol=1e-6, atol=1e-8)


def test_images_and_convolutions_are_flattened_in_order():
    torch.manual_seed(0)
    encoder = conv_encoder(3, image_shape=(2, 4, 4), channels=(3,), activation=nn.Tanh).double()
    x = normal(2, 2, 4, 4)
    torch.testing.assert_close(
        jacobian(encoder, x), differences(encoder, x).detach(), rtol=1e-6, atol=1e-8
    )

    matrix = normal(32, 3, seed=5)
    found = jacobian(lambda z: (z @ matrix.T).reshape(-1, 2, 4, 4), normal(2, 3))
    torch.testing.assert_close(found, matrix.expand(2, 32, 3))


def test_the_squared_singular_values_of_an_encoder_sum_to_the_contractive_penalty():
    torch.manual_seed(0)
    encoder, images = mlp([784, 16, 5], nn.Tanh).double(), torch.rand(3, 1, 28, 28).double()
    found = encoder_tangents(encoder, images)
    torch.testing.assert_close(found.values.pow(2).sum(1), contractive_penalty(encoder, images))
    same = encoder_tangents(Autoencoder(encoder, mlp([5, 784])).encode, images)
    torch.testing.assert_close(found.basis, same.basis)


def test_decoder_planes_touch_a_sphere():
    """At latitude b, a step of longitude moves the point by cos b, and one of latitude by 1."""
    angles = torch.stack([normal(20), 1.2 * torch.rand(20, dtype=torch.float64) + 0.1], 1)
    found = decoder_tangents(sphere, angles)
    expected = torch.stack([torch.ones(20).double(), angles[:, 1].cos()], 1)
    torch.testing.assert_close(found.values, expected)
    points = sphere(angles)
    torch.testing.assert_close(
        (points[:, None] @ found.basis).abs().max(), torch.tensor(0.0).double()
    )
    assert tangent_angles(found.basis, sphere_plane(points)).max() < 1e-7


def test_encoder_planes_are_the_directions_that_the_code_can_feel():
    """The encoder of polar coordinates, (log r, angle), in the plane of 5 dimensions that it looks at."""
    frame = torch.linalg.qr(normal(5, 2)).Q

    def polar(x):
        a, b = (x @ frame).unbind(1)
        return torch.stack([2 * torch.hypot(a, b).log(), torch.atan2(b, a)], 1)

    x = normal(10, 5, seed=1)
    found = encoder_tangents(polar, x)
    radius = (x @ frame).norm(dim=1)
    torch.testing.assert_close(found.values, torch.stack([2 / radius, 1 / radius], 1))
    assert tangent_angles(found.basis, frame.expand(10, 5, 2)).max() < 1e-7
    outwards = (x @ frame)[:, None] @ frame.T / radius[:, None, None]
    one = encoder_tangents(polar, x, dim=1)
    torch.testing.assert_close((outwards @ one.basis).abs(), torch.ones(10, 1, 1).double())


@pytest.mark.parametrize("tangents", [decoder_tangents, encoder_tangents])
def test_bases_are_orthonormal_values_descend_and_dim_cuts_both(tangents):
    torch.manual_seed(0)
    network, x = mlp([6, 9, 4], nn.Tanh).double(), normal(5, 6)
    full, cut = tangents(network, x), tangents(network, x, dim=2)
    torch.testing.assert_close(full.basis.mT @ full.basis, torch.eye(4).double().expand(5, 4, 4))
    assert (full.values[:, :-1] >= full.values[:, 1:]).all()
    assert torch.equal(cut.basis, full.basis[:, :, :2])
    assert torch.equal(cut.values, full.values[:, :2])
    torch.testing.assert_close(tangents(network, x[2:3]).values, full.values[2:3])


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "with wobble"])
def test_the_renderers_tangents_match_finite_differences(plain):
    """Images of 784 numbers from four factors; the step is 1e-5 of each factor's own unit."""
    draw, factors = some_digits(plain=plain)
    found, expected = jacobian(draw, factors), differences(draw, factors)
    assert found.shape == (6, 784, 4)
    assert (found - expected).norm() < 1e-6 * expected.norm()
    assert tangent_angles(decoder_tangents(draw, factors).basis, expected).max() < 1e-5


def test_a_step_along_a_tangent_is_the_picture_of_a_changed_factor():
    """The error of x + J h falls with the square of h: 100 times smaller for a tenth of the step."""
    draw, factors = some_digits()
    step = torch.tensor([2.0, 0.2, 0.05, -2.0], dtype=torch.float64)
    moves = jacobian(draw, factors) @ step

    def error(share):
        truth = (draw(factors + share * step) - draw(factors)).flatten(1)
        return (truth - share * moves).norm()

    assert error(0.01) < 0.02 * error(0.1)
    assert error(0.1) < 0.1 * (0.1 * moves).norm()


def test_the_wobble_of_the_hand_can_imitate_some_factors_and_not_all():
    """Its bends contain shear, stretch and turn, nearly; what they lack is mostly the thickness."""
    d = strokes.digits(40, seed=3)
    seen = (d.labels != 1).nonzero()[:4, 0]
    factors, wobble = d.factors[seen].double(), d.wobble[seen].double()
    labels, form = d.labels[seen], d.form[seen]
    of_factors = jacobian(lambda f: strokes.render(labels, f, wobble, form), factors)
    of_wobble = decoder_tangents(lambda w: strokes.render(labels, factors, w, form), wobble)
    assert of_wobble.basis.shape == (4, 784, strokes.WOBBLE_DIM)
    each = [tangent_angles(of_factors[:, :, i : i + 1], of_wobble.basis)[:, 0] for i in range(4)]
    slant, thickness, width, rotation = each
    assert max(slant.max(), width.max(), rotation.max()) < 0.1 < 0.2 < thickness.min()


def test_local_pca_of_a_flat_plane_is_the_plane_with_its_standard_deviations():
    frame = torch.linalg.qr(normal(6, 2)).Q
    points = (normal(200, 2, seed=1) * torch.tensor([2.0, 0.5])) @ frame.T + 3
    found = local_pca(points, points[:5], neighbours=200, dim=2)
    assert tangent_angles(found.basis, frame.expand(5, 6, 2)).max() < 1e-7
    exact = torch.linalg.eigvalsh(torch.cov(points.T)).flip(0)[:2].sqrt()
    torch.testing.assert_close(found.values, exact.expand(5, 2))


def test_local_pca_takes_the_nearest_points_by_brute_force():
    points, at = normal(60, 4), normal(7, 4, seed=1)
    found = local_pca(points, at, neighbours=9, dim=2)
    for i, x in enumerate(at):
        near = points[(points - x).norm(dim=1).argsort()[:9]]
        values, vectors = torch.linalg.eigh(torch.cov(near.T))
        torch.testing.assert_close(found.values[i], values.flip(0)[:2].sqrt())
        angle = tangent_angles(found.basis[i : i + 1], vectors[:, 2:][None])
        assert angle.max() < 1e-6


def test_local_pca_finds_a_spheres_planes():
    points = nn.functional.normalize(normal(4000, 3), dim=1)
    found = local_pca(points, points[:50], neighbours=15, dim=2)
    angles = tangent_angles(found.basis, sphere_plane(points[:50]))[:, 0]
    assert angles.max() < 0.1 and angles.median() < 0.02


def test_curvature_spoils_the_plane_of_many_neighbours():
    """A spiral r = exp(t / 5): its tangent is turned by atan 5 from the radius, at every point."""
    t = torch.linspace(0, 9, 2000, dtype=torch.float64)
    points = (t / 5).exp()[:, None] * torch.stack([t.cos(), t.sin()], 1)
    at = slice(500, 1500, 20)
    turned = t[at] + math.atan(5)
    true = torch.stack([turned.cos(), turned.sin()], 1)[:, :, None]
    few, many = (
        tangent_angles(local_pca(points, points[at], neighbours=k, dim=1).basis, true)
        for k in (9, 900)
    )
    assert few.max() < 0.01 < 0.1 < many.median()


def test_local_pca_sees_images_as_flat_and_keeps_their_type():
    images = strokes.digits(80, seed=0).images
    found = local_pca(images, images[:3], neighbours=20, dim=4)
    assert found.basis.shape == (3, 784, 4) and found.basis.dtype == torch.float32
    flat = local_pca(images.flatten(1), images[:3].flatten(1), neighbours=20, dim=4)
    torch.testing.assert_close(found.values, flat.values)


def test_local_pca_nears_the_renderers_plane_as_its_points_draw_near():
    """Drawn from a 50th of the factors' ranges, points give their plane; from the full ranges, badly."""
    label, centre = torch.tensor(3), torch.tensor([5.0, 3.0, 1.0, 0.0], dtype=torch.float64)
    low, high = torch.tensor(strokes.FACTOR_RANGES, dtype=torch.float64).T
    true = decoder_tangents(lambda f: strokes.render(label, f), centre[None])
    spread = (torch.rand(400, 4, generator=torch.Generator().manual_seed(0)).double() - 0.5) * (
        high - low
    )
    at = strokes.render(label, centre[None])
    near, far = (
        tangent_angles(
            local_pca(
                strokes.render(label, centre + share * spread), at, neighbours=60, dim=4
            ).basis,
            true.basis,
        )[0, 0].item()
        for share in (0.02, 1.0)
    )
    assert near < 0.05 < 0.4 < far


def test_the_movements_of_a_smooth_bump_are_those_of_calculus():
    """A wide Gaussian bump, moved by the formulas themselves: derivatives by central differences."""
    row, column = torch.meshgrid(
        *[torch.arange(40.0, dtype=torch.float64) - 19.5] * 2, indexing="ij"
    )

    def bump(slant=0.0, width=1.0, turn=0.0):
        """The value that each point had before the plane was moved: width, then slant, then rotation."""
        slant, turn = math.radians(slant), math.radians(turn)
        x = column * math.cos(turn) - row * math.sin(turn)
        y = column * math.sin(turn) + row * math.cos(turn)
        x = (x + y * math.tan(slant)) / width
        return torch.exp(-((x - 3).square() / 60 + (y + 2).square() / 90))

    found = image_tangents(bump()[None, None])[0]
    h = 1e-4
    for column_of, name, at in ((0, "slant", 0.0), (2, "width", 1.0), (3, "turn", 0.0)):
        exact = (bump(**{name: at + h}) - bump(**{name: at - h})) / (2 * h)
        error = (found[:, column_of].reshape(40, 40) - exact)[1:-1, 1:-1].abs().max()
        assert error < 0.02 * exact.abs().max(), name


def test_a_thicker_pen_moves_each_rim_by_half_a_pixel():
    """A stroke with straight slopes of 1/8 per pixel: the ink changes by 1/16 on its rims, elsewhere by 0."""
    across = (1.5 - (torch.arange(28, dtype=torch.float64) - 13.5).abs() / 8).clamp(0, 1)
    found = image_tangents(across.expand(1, 1, 28, 28))[0, :, 1].reshape(28, 28)[5]
    torch.testing.assert_close(found[4], torch.tensor(0.0625, dtype=torch.float64))
    assert found[13] == 0 and found[0] >= 0


def test_the_movements_of_an_image_point_where_the_renderer_says():
    """Rough, as strokes are thin: cosines well above 0, of the right sign, and lengths of the right size."""
    draw, factors = some_digits(20, plain=True)
    true = jacobian(draw, factors)
    found = image_tangents(draw(factors))
    cosines = nn.functional.cosine_similarity(true, found, dim=1)
    assert (cosines.median(0).values > 0.6).all() and cosines.min() > 0.3
    lengths = found.norm(dim=1) / true.norm(dim=1)
    assert lengths.min() > 0.4 and lengths.max() < 1.6


def test_movements_need_images():
    for wrong in (torch.rand(2, 784), torch.rand(2, 3, 8, 8), torch.zeros(1, 1, 8, 8).long()):
        with pytest.raises(ValueError, match=r"images \[B, 1, H, W\]"):
            image_tangents(wrong)


def test_tangent_angles_by_hand():
    e = torch.eye(4, dtype=torch.float64)
    tilted = torch.stack([e[0], math.cos(0.3) * e[1] + math.sin(0.3) * e[2]], 1)
    pairs_a = torch.stack([e[:, :2], e[:, :2]])
    pairs_b = torch.stack([tilted, 5 * e[:, 2:]])
    angles = tangent_angles(pairs_a, pairs_b)
    expected = torch.tensor([[0.3, 0.0], [math.pi / 2] * 2], dtype=torch.float64)
    torch.testing.assert_close(angles, expected, atol=1e-12, rtol=0)
    line = tangent_angles(pairs_a, pairs_b[:, :, 1:])
    torch.testing.assert_close(line[:, 0], expected[:, 0], atol=1e-12, rtol=0)


def test_what_is_no_function_of_a_batch_is_refused():
    x = normal(3, 2)
    with pytest.raises(ValueError, match=r"batch of 3 to a tensor \[3, \.\.\.\], got \[\]"):
        jacobian(lambda x: x.sum(), x)
    vae = VAE(mlp([4, 4]), mlp([2, 4]), 2)
    with pytest.raises(ValueError, match="differentiate the mean"):
        decoder_tangents(vae.decode, x.float())
    assert decoder_tangents(lambda z: vae.decode(z).mean, x.float()).basis.shape == (3, 4, 2)
    for wrong in (x[0], x[:0], torch.zeros(2, 2, dtype=torch.int64)):
        with pytest.raises(ValueError, match=r"floating-point batch \[B, \.\.\.\]"):
            jacobian(lambda x: x, wrong)


@pytest.mark.parametrize("dim", [0, 3, 1.0, True])
def test_planes_have_as_many_dimensions_as_there_are(dim):
    network = mlp([5, 2])
    for tangents in (decoder_tangents, encoder_tangents):
        with pytest.raises(ValueError, match=f"from 1 to 2, or None for all, got {dim!r}"):
            tangents(network, torch.zeros(3, 5), dim=dim)


def test_local_pca_refuses_what_cannot_fill_a_plane():
    points = torch.zeros(10, 3)
    for neighbours, dim in ((11, 2), (2, 2), (5, 0), (5, 4)):
        with pytest.raises(ValueError, match=f"got dim={dim}, neighbours={neighbours}"):
            local_pca(points, points, neighbours=neighbours, dim=dim)
    with pytest.raises(ValueError, match=r"\[10, 3\] and \[10, 2\]"):
        local_pca(points, points[:, :2], neighbours=5, dim=1)
    with pytest.raises(ValueError, match="NaN or infinite"):
        local_pca(points, points * float("nan"), neighbours=5, dim=1)


def test_angles_need_two_batches_of_planes():
    with pytest.raises(ValueError, match=r"\[2, 4, 2\] and \[3, 4, 2\]"):
        tangent_angles(torch.zeros(2, 4, 2), torch.zeros(3, 4, 2))
