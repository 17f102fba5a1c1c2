"""Measurements on perfect, useless and exactly known models."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aecore.data import ImageSet
from aecore.evaluation import (
    active_units,
    dead_units,
    kl_per_dimension,
    log_likelihood,
    principal_angles,
    reconstruction_error,
    roc_auc,
)
from aecore.exact import PPCA
from aecore.models import VAE
from aecore.networks import mlp


class Constant(nn.Module):
    """Reconstructs everything as one value."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, x):
        return torch.full_like(x, self.value.item())


def exact_linear_vae(rotation: torch.Tensor | None = None) -> tuple[VAE, PPCA, torch.Tensor]:
    """A linear VAE whose q(z | x) is the exact posterior, or its best diagonal match if W is rotated."""
    torch.manual_seed(0)
    data = torch.randn(300, 5).double() @ torch.randn(5, 5).double()
    model = PPCA.fit(data, 2)
    weight = model.weight if rotation is None else model.weight @ rotation
    inner = weight.T @ weight + model.noise_variance * torch.eye(2).double()
    vae = VAE(mlp([5, 4]), mlp([2, 5]), 2, "gaussian", noise_variance=model.noise_variance).double()
    with torch.no_grad():
        to_mean = torch.linalg.solve(inner, weight.T)
        logvar = (model.noise_variance / inner.diagonal()).log()
        vae.encoder[0].weight.copy_(torch.cat([to_mean, torch.zeros(2, 5).double()]))
        vae.encoder[0].bias.copy_(torch.cat([-to_mean @ model.mean, logvar]))
        vae.decoder[0].weight.copy_(weight)
        vae.decoder[0].bias.copy_(model.mean)
    return vae, model, data


def test_reconstruction_error_is_summed_per_example_over_batches():
    x = torch.tensor([[1.0, 2.0], [0.0, 3.0], [2.0, 2.0]])
    error = reconstruction_error(Constant(2.0), x, batch_size=2)
    assert error.tolist() == [1.0, 5.0, 0.0]


def test_a_reconstruction_of_another_shape_is_no_broadcast():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 6))
    with pytest.raises(ValueError, match=r"one shape, got \[5, 6\] and \[5, 1, 6\]"):
        reconstruction_error(model, torch.rand(5, 1, 6))


def test_measuring_uses_eval_mode_and_changes_nothing():
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 6))
    model[2].eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.rand(20, 6)
    first, second = (reconstruction_error(model, x, batch_size=size) for size in (20, 3))
    torch.testing.assert_close(first, second)
    assert [module.training for module in model] == [True, True, False]
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_an_image_set_is_measured_on_its_images():
    images = torch.rand(7, 1, 28, 28)
    data = ImageSet(images, torch.zeros(7, dtype=torch.int64), None, (), "noise")
    model = Constant(0.5)
    assert torch.equal(reconstruction_error(model, data), reconstruction_error(model, images))


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_a_batch_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="batch_size must be a positive integer, got"):
        reconstruction_error(Constant(0.5), torch.rand(4, 2), batch_size=size)


def test_principal_angles_of_known_planes():
    eye = torch.eye(4, dtype=torch.float64)
    same = principal_angles(
        eye[:, :2], eye[:, :2] @ torch.tensor([[2.0, 1.0], [0.5, -3.0]]).double()
    )
    assert same.max() < 1e-12
    tilted = eye[:, :2].clone()
    tilted[:, 1] = math.cos(0.3) * eye[:, 1] + math.sin(0.3) * eye[:, 2]
    assert principal_angles(eye[:, :2], tilted).tolist() == pytest.approx([0.3, 0.0], abs=1e-9)
    assert principal_angles(eye[:, :1], eye[:, 3:]).item() == pytest.approx(math.pi / 2)


@given(st.floats(1e-9, 1.5))
@settings(max_examples=30, deadline=None)
def test_principal_angles_stay_accurate_when_tiny(angle):
    a = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    b = torch.tensor([[math.cos(angle)], [math.sin(angle)]], dtype=torch.float64)
    assert principal_angles(a, b).item() == pytest.approx(angle, rel=1e-6)


def test_principal_angles_refuse_what_are_not_two_matrices_in_one_space():
    with pytest.raises(ValueError, match=r"\[4, 2\] and \[3, 2\]"):
        principal_angles(torch.zeros(4, 2), torch.zeros(3, 2))


def test_roc_auc_of_perfect_reversed_tied_and_counted_scores():
    low, high = torch.tensor([0.0, 1.0]), torch.tensor([2.0, 3.0, 4.0])
    assert roc_auc(low, high) == 1.0
    assert roc_auc(high, low) == 0.0
    assert roc_auc(torch.ones(3), torch.ones(5)) == 0.5
    inliers, outliers = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([2.5, 2.0, 5.0])
    wins = (outliers[:, None] > inliers).sum() + 0.5 * (outliers[:, None] == inliers).sum()
    assert roc_auc(inliers, outliers) == pytest.approx(wins.item() / 12)


def test_roc_auc_takes_scores_that_still_have_a_graph():
    scores = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert roc_auc(scores, scores + 5) == 1.0


def test_roc_auc_refuses_empty_and_nan_scores():
    with pytest.raises(ValueError, match=r"outlier_scores.*0 scores"):
        roc_auc(torch.ones(3), torch.ones(0))
    with pytest.raises(ValueError, match="inlier_scores"):
        roc_auc(torch.tensor([math.nan]), torch.ones(2))


@pytest.mark.parametrize("samples", [1, 7])
def test_log_likelihood_is_exact_when_q_is_the_posterior(samples):
    """Every importance weight then equals p(x): no variance, whatever k."""
    vae, model, data = exact_linear_vae()
    bound = log_likelihood(vae, data, samples=samples)
    torch.testing.assert_close(bound, model.log_prob(data), rtol=1e-9, atol=1e-9)


def test_log_likelihood_rises_with_k_to_the_exact_evidence():
    angle = torch.tensor(0.7)
    rotation = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
    ).double()
    vae, model, data = exact_linear_vae(rotation)
    torch.manual_seed(1)
    bounds = {
        k: torch.stack([log_likelihood(vae, data, samples=k).mean() for _ in range(5)])
        for k in (1, 5, 50, 2000)
    }
    means = [bounds[k].mean().item() for k in (1, 5, 50, 2000)]
    exact = model.log_prob(data).mean().item()
    assert means == sorted(means)
    assert exact - means[0] > 0.01, "the rotation opens no gap: the test shows nothing"
    assert means[-1] == pytest.approx(exact, abs=2e-3)


def test_log_likelihood_does_not_depend_on_how_it_is_batched():
    vae, _, data = exact_linear_vae(torch.tensor([[0.8, -0.6], [0.6, 0.8]]).double())
    runs = [
        log_likelihood(vae, data[:1], samples=8000, batch_size=size).item() for size in (1, 2500)
    ]
    assert runs[0] == pytest.approx(runs[1], abs=5e-3)


def test_log_likelihood_repeats_from_a_generator():
    vae, _, data = exact_linear_vae(torch.tensor([[0.8, -0.6], [0.6, 0.8]]).double())
    runs = [
        log_likelihood(vae, data, samples=3, generator=torch.Generator().manual_seed(4))
        for _ in range(2)
    ]
    torch.testing.assert_close(*runs, rtol=0, atol=0)


@pytest.mark.parametrize("samples", [0, -3, 2.5, True])
def test_log_likelihood_refuses_a_number_of_samples_that_is_none(samples):
    vae, _, data = exact_linear_vae()
    with pytest.raises(ValueError, match="samples must be a positive integer"):
        log_likelihood(vae, data, samples=samples)


def known_encoder_vae() -> VAE:
    """q has mean (x_1, 0.05, 0) and variances (e^-2, 1, 1), whatever the decoder does."""
    vae = VAE(mlp([3, 6]), mlp([3, 3]), 3, "gaussian")
    with torch.no_grad():
        vae.encoder[0].weight.zero_()
        vae.encoder[0].weight[0, 0] = 1.0
        vae.encoder[0].bias.copy_(torch.tensor([0.0, 0.05, 0.0, -2.0, 0.0, 0.0]))
    return vae


def test_a_unit_is_active_when_its_posterior_mean_varies_with_x():
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
    assert active_units(known_encoder_vae(), x, batch_size=64).tolist() == [True, False, False]
    assert active_units(known_encoder_vae(), x, threshold=2.0).tolist() == [False] * 3


def test_kl_per_dimension_by_hand():
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
    first = 0.5 * (x[:, 0].pow(2).mean().item() + math.exp(-2) - 1 + 2)
    expected = [first, 0.5 * 0.05**2, 0.0]
    assert kl_per_dimension(known_encoder_vae(), x).tolist() == pytest.approx(expected, abs=1e-6)


def test_measurements_refuse_no_data():
    for measure in (reconstruction_error, kl_per_dimension):
        with pytest.raises(ValueError, match="at least one example"):
            measure(known_encoder_vae(), torch.zeros(0, 3))
    with pytest.raises(ValueError, match="at least two examples, got 1"):
        active_units(known_encoder_vae(), torch.zeros(1, 3))


def test_dead_units_are_zero_on_every_example_and_rare_ones_are_not():
    codes = torch.tensor([[0.0, 0.0, 1.0], [0.0, -0.5, 2.0], [0.0, 0.0, 3.0]])
    assert dead_units(codes).tolist() == [True, False, False]
    assert dead_units(codes[:1]).tolist() == [True, True, False]
    assert dead_units(codes, threshold=0.5).tolist() == [True, True, False]


def test_dead_units_of_a_relu_with_known_biases():
    """x in [0, 1]^2: x1 - 1.5 is never positive, x1 - 0.5 is half of the time, x1 + x2 always."""
    encoder = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    encoder[0].weight.data = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    encoder[0].bias.data = torch.tensor([-1.5, -0.5, 0.0])
    codes = encoder(torch.rand(100, 2, generator=torch.Generator().manual_seed(0)))
    assert dead_units(codes).tolist() == [True, False, False]


def test_dead_units_refuse_what_is_no_set_of_codes():
    for codes in (torch.zeros(3), torch.zeros(0, 3), torch.full((2, 3), float("nan"))):
        with pytest.raises(ValueError, match=r"codes \[N, d\] of at least one example"):
            dead_units(codes)
    with pytest.raises(ValueError, match="negative, got -1"):
        dead_units(torch.zeros(2, 3), threshold=-1.0)
