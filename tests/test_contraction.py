"""Three ways to the squared norm of an encoder's Jacobian, and the moments of the random one in theory."""

import math

import pytest
import torch
from torch import nn

from aecore.models import Autoencoder
from aecore.networks import conv_encoder, mlp
from aecore.objectives import (
    contractive_penalty,
    hutchinson_penalty,
    reconstruction_loss,
    sigmoid_contractive_penalty,
)
from aecore.training import fit

DISTRIBUTIONS = ("rademacher", "gaussian")
DRAWS = 40_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sigmoid_layer(data_dim: int = 7, code_dim: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Linear(data_dim, code_dim), nn.Sigmoid()).double()
    with torch.no_grad():
        layer[0].weight.mul_(3)
    return layer


def gram(encoder: nn.Module, example: torch.Tensor) -> torch.Tensor:
    """J J^T of one example, by autograd's own Jacobian."""
    jacobian = torch.autograd.functional.jacobian(lambda x: encoder(x[None])[0], example)
    jacobian = jacobian.flatten(1)
    return jacobian @ jacobian.T


def variance_in_theory(gram_matrix: torch.Tensor, distribution: str) -> torch.Tensor:
    """Of v^T A v: 2 |A|_F^2 for Gaussian v, less twice the squared diagonal for signs."""
    total = gram_matrix.pow(2).sum()
    return 2 * (
        total - (gram_matrix.diagonal().pow(2).sum() if distribution == "rademacher" else 0)
    )


def test_three_ways_to_the_jacobian_norm_agree_in_float64():
    """Hutchinson's is a mean of 40,000 draws: it must lie within 4 of its own standard errors."""
    encoder, x = sigmoid_layer(), torch.randn(5, 7, generator=seeded(), dtype=torch.float64)
    exact = contractive_penalty(encoder, x)
    torch.testing.assert_close(sigmoid_contractive_penalty(encoder, x), exact, rtol=1e-12, atol=0)
    estimate = hutchinson_penalty(encoder, x, probes=DRAWS, generator=seeded(1))
    variance = torch.stack([variance_in_theory(gram(encoder, e), "rademacher") for e in x])
    assert ((estimate - exact).abs() < 4 * (variance / DRAWS).sqrt()).all()
    assert ((estimate - exact).abs() < 0.02 * exact).all()


@pytest.mark.parametrize("probes", [1, 3])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("seed", range(2))
def test_hutchinson_has_the_mean_and_the_variance_of_theory(distribution, probes, seed):
    """One example repeated: every row is a draw of its own."""
    torch.manual_seed(seed)
    encoder = mlp([6, 8, 3], nn.Tanh).double()
    example = torch.randn(6, dtype=torch.float64)
    draws = hutchinson_penalty(
        encoder,
        example.expand(DRAWS, 6),
        probes=probes,
        distribution=distribution,
        generator=seeded(seed),
    )
    a = gram(encoder, example)
    variance = variance_in_theory(a, distribution) / probes
    assert abs(draws.mean() - a.trace()) < 4.5 * (variance / DRAWS).sqrt()
    off = draws - draws.mean()
    error = ((off.pow(4).mean() - off.pow(2).mean() ** 2) / DRAWS).sqrt()
    assert abs(draws.var() - variance) < 4.5 * error
    assert error < 0.05 * variance


def test_signs_are_exact_where_the_rows_of_the_jacobian_are_orthogonal():
    """A has no entries off its diagonal then, for a code of one number among them; Gaussians still vary."""
    x = torch.randn(6, 7, generator=seeded(), dtype=torch.float64)
    orthogonal = nn.Linear(7, 3, bias=False).double()
    orthogonal.weight.data = torch.linalg.qr(x[:3].T).Q.T * torch.tensor([[1.0], [2.0], [3.0]])
    for encoder in (orthogonal, sigmoid_layer(7, 1)):
        exact = contractive_penalty(encoder, x)
        torch.testing.assert_close(hutchinson_penalty(encoder, x, probes=1), exact)
        gaussian = hutchinson_penalty(encoder, x, probes=1, distribution="gaussian")
        assert (gaussian - exact).abs().min() > 1e-3 * exact.min()


def test_hutchinson_draws_signs_or_normals_and_the_generator_repeats_them():
    """For the identity the estimate of one probe is |v|^2."""
    x = torch.zeros(20_000, 3)
    signs = hutchinson_penalty(nn.Identity(), x, probes=1)
    assert signs.unique().tolist() == [3.0]
    chi = hutchinson_penalty(nn.Identity(), x, probes=1, distribution="gaussian")
    assert chi.mean().item() == pytest.approx(3, abs=4 * math.sqrt(6 / 20_000))
    encoder = mlp([3, 3]).float()
    one, same, other = (
        hutchinson_penalty(encoder, x[:5], probes=2, generator=seeded(s)) for s in (0, 0, 1)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("penalty", [contractive_penalty, sigmoid_contractive_penalty])
def test_the_penalties_see_images_as_flat_vectors(penalty):
    encoder, images = sigmoid_layer(784, 4), torch.rand(3, 1, 28, 28).double()
    torch.testing.assert_close(penalty(encoder, images), penalty(encoder, images.flatten(1)))


def test_hutchinson_takes_images_and_any_encoder():
    torch.manual_seed(0)
    encoder = conv_encoder(3, channels=(2, 2), activation=nn.Tanh).double()
    images = torch.rand(2, 1, 28, 28).double()
    exact = contractive_penalty(encoder, images)
    estimate = hutchinson_penalty(encoder, images, probes=2000, generator=seeded())
    variance = torch.stack([variance_in_theory(gram(encoder, e), "rademacher") for e in images])
    assert ((estimate - exact).abs() < 4.5 * (variance / 2000).sqrt()).all()


def test_all_three_have_the_same_gradient_in_the_weights():
    """For one code number the random estimate is exact, and so must its gradient be."""
    x = torch.randn(5, 7, generator=seeded(), dtype=torch.float64)
    gradients = []
    for penalty in (
        contractive_penalty,
        sigmoid_contractive_penalty,
        lambda e, x: hutchinson_penalty(e, x, probes=1),
    ):
        encoder = sigmoid_layer(7, 1)
        penalty(encoder, x).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in encoder.parameters()]))
    torch.testing.assert_close(gradients[1], gradients[0])
    torch.testing.assert_close(gradients[2], gradients[0])
    assert gradients[0].abs().min() > 0


@pytest.mark.parametrize(
    "penalty",
    [
        contractive_penalty,
        sigmoid_contractive_penalty,
        lambda encoder, x: hutchinson_penalty(encoder, x, probes=1),
    ],
    ids=["exact", "closed form", "hutchinson"],
)
def test_training_on_any_of_them_contracts(penalty):
    x, norms = torch.rand(128, 6, generator=seeded()), []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        encoder = nn.Sequential(nn.Linear(6, 4), nn.Sigmoid())
        model = Autoencoder(encoder, mlp([4, 6]))

        def objective(model, batch, weight=weight):
            return reconstruction_loss(model, batch) + weight * penalty(model.encoder, batch)

        fit(model, x, objective, epochs=30, batch_size=32, lr=1e-2, device="cpu", progress=False)
        norms.append(contractive_penalty(model.encoder, x).mean().item())
    assert norms[1] < 0.2 * norms[0]


@pytest.mark.parametrize(
    ("encoder", "found"),
    [
        (nn.Sequential(nn.Linear(4, 2), nn.ReLU()), "Linear, ReLU"),
        (nn.Sequential(nn.Linear(4, 2), nn.Sigmoid(), nn.Linear(2, 2)), "Linear, Sigmoid, Linear"),
        (nn.Linear(4, 2), "Linear"),
    ],
)
def test_the_closed_form_refuses_every_other_encoder(encoder, found):
    with pytest.raises(ValueError, match=f"got {found}; use contractive_penalty"):
        sigmoid_contractive_penalty(encoder, torch.zeros(3, 4))


def test_the_sigmoids_formula_is_wrong_for_a_relu():
    """The mistake that the guard is for: z (1 - z) is no derivative of a ReLU, and can even be negative."""
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(7, 4), nn.ReLU()).double()
    x = torch.randn(5, 7, generator=seeded(), dtype=torch.float64)
    z, w = encoder(x), encoder[0].weight
    mistaken = (z * (1 - z)).pow(2) @ w.pow(2).sum(1)
    right = (z > 0).double() @ w.pow(2).sum(1)
    torch.testing.assert_close(contractive_penalty(encoder, x), right)
    assert (mistaken / right - 1).abs().min() > 0.5


@pytest.mark.parametrize("probes", [0, -1, 1.0, True])
def test_hutchinson_refuses_a_number_of_probes_that_is_none(probes):
    with pytest.raises(ValueError, match=f"positive integer, got {probes!r}"):
        hutchinson_penalty(nn.Linear(2, 2), torch.zeros(3, 2), probes=probes)


def test_hutchinson_refuses_unknown_probes():
    with pytest.raises(ValueError, match=r"'rademacher', 'gaussian'.*'uniform'"):
        hutchinson_penalty(nn.Linear(2, 2), torch.zeros(3, 2), probes=1, distribution="uniform")
