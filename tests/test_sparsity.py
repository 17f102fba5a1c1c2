"""Sparse codes: the penalties against distributions, and soft-thresholding against the problem it solves."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso
from torch import nn
from torch.distributions import Bernoulli, Laplace, kl_divergence

from aecore.live import Decoder
from aecore.models import Autoencoder, SparseAutoencoder
from aecore.networks import mlp
from aecore.objectives import kl_rate_penalty, l1_penalty, soft_threshold, squared_error
from aecore.training import fit


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def orthonormal(rows, columns, seed=0):
    """A dictionary [rows, columns] with orthonormal columns."""
    return torch.linalg.qr(normal(rows, columns, seed=seed)).Q


def lasso_objective(x, dictionary, z, amount):
    return 0.5 * (x - z @ dictionary.T).pow(2).sum(-1) + amount * z.abs().sum(-1)


@pytest.mark.parametrize("rate", [0.1, 1.0, 7.5])
def test_minus_the_log_of_a_laplace_prior_is_the_l1_penalty_and_a_constant(rate):
    """p(h) = rate / 2 exp(-rate |h|): the constant is d log(2 / rate), whatever the code."""
    code = 3 * normal(20, 5)
    prior = Laplace(torch.zeros(5, dtype=torch.float64), 1 / rate)
    nats = -prior.log_prob(code).sum(1)
    torch.testing.assert_close(nats - rate * l1_penalty(code), (0 * nats) + 5 * math.log(2 / rate))


def test_soft_threshold_by_hand():
    x = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
    assert soft_threshold(x, 1.0).tolist() == [-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    assert soft_threshold(x, 0.0).tolist() == x.tolist()
    each = soft_threshold(torch.tensor([[2.0, 2.0]]), torch.tensor([0.5, 3.0]))
    assert each.tolist() == [[1.5, 0.0]]


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=8),
    st.floats(0, 5),
)
@settings(max_examples=50, deadline=None)
def test_soft_threshold_is_pytorchs_softshrink(values, amount):
    x = torch.tensor(values, dtype=torch.float64)
    expected = nn.functional.softshrink(x, amount)
    torch.testing.assert_close(soft_threshold(x, amount), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("amount", [0.05, 0.5, 2.0])
def test_the_sparse_code_of_an_orthonormal_dictionary_is_scikit_learns_lasso(amount):
    """Lasso divides the squared error by the number of rows, hence alpha = amount / rows."""
    rows, columns = 12, 7
    dictionary, data = orthonormal(rows, columns), 2 * normal(9, rows, seed=1)
    lasso = Lasso(alpha=amount / rows, fit_intercept=False, tol=1e-14, max_iter=10_000)
    expected = [lasso.fit(dictionary.numpy(), x.numpy()).coef_.copy() for x in data]
    code = soft_threshold(data @ dictionary, amount)
    np.testing.assert_allclose(code.numpy(), np.stack(expected), atol=1e-10)
    assert 0 < (code == 0).double().mean() < 1


def test_no_other_code_is_cheaper_and_the_optimality_conditions_hold():
    """0 is in the subdifferential: D^T (D z - x) is -amount sign(z) where z is not 0, and within it there."""
    amount, dictionary, x = 0.6, orthonormal(10, 10), normal(30, 10, seed=1)
    code = soft_threshold(x @ dictionary, amount)
    slope = (code @ dictionary.T - x) @ dictionary
    on = code != 0
    torch.testing.assert_close(slope[on], -amount * code.sign()[on])
    assert slope[~on].abs().max() <= amount
    best = lasso_objective(x, dictionary, code, amount)
    for seed in range(20):
        other = code + 0.1 * normal(30, 10, seed=seed)
        assert (lasso_objective(x, dictionary, other, amount) > best).all()


def test_without_orthonormal_columns_soft_thresholding_is_not_the_sparse_code():
    """Two nearly equal columns: the best code uses one of them, soft-thresholding both."""
    dictionary = torch.tensor([[1.0, 0.995], [0.0, math.sqrt(1 - 0.995**2)]], dtype=torch.float64)
    x = torch.tensor([1.0, 0.0], dtype=torch.float64)
    naive = soft_threshold(x @ dictionary, 0.1)
    lasso = Lasso(alpha=0.05, fit_intercept=False, tol=1e-14).fit(dictionary.numpy(), x.numpy())
    best = torch.from_numpy(lasso.coef_)
    assert (naive != 0).all() and best.tolist() == pytest.approx([0.9, 0.0], abs=1e-9)
    assert lasso_objective(x, dictionary, naive, 0.1) > 3 * lasso_objective(
        x, dictionary, best, 0.1
    )


@pytest.mark.parametrize("amount", [-0.1, float("nan"), torch.tensor([1.0, -0.1])])
def test_soft_threshold_refuses_an_amount_below_zero(amount):
    with pytest.raises(ValueError, match=r"amount must not be negative.*(-0\.1|nan)"):
        soft_threshold(torch.zeros(2), amount)


@given(
    st.lists(
        st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    ),
    st.floats(0.01, 0.99),
)
@settings(max_examples=50, deadline=None)
def test_the_rate_penalty_is_the_kl_between_bernoullis_at_the_mean_activation(codes, rate):
    code = torch.tensor(codes, dtype=torch.float64)
    target = Bernoulli(torch.full((3,), rate, dtype=torch.float64))
    expected = kl_divergence(target, Bernoulli(code.mean(0))).sum()
    penalty = kl_rate_penalty(code, rate)
    torch.testing.assert_close(penalty, expected.expand(len(code)), rtol=1e-8, atol=1e-12)


def test_the_rate_penalty_by_hand_and_zero_at_the_target():
    code = torch.tensor([[0.2, 0.8], [0.6, 0.2]], dtype=torch.float64)  # means 0.4 and 0.5
    by_hand = 0.5 * math.log(0.5 / 0.4) + 0.5 * math.log(0.5 / 0.6)
    assert kl_rate_penalty(code, 0.5).tolist() == pytest.approx([by_hand, by_hand])
    at_target = torch.tensor([[0.1], [0.3]], dtype=torch.float64)
    assert kl_rate_penalty(at_target, 0.2).tolist() == pytest.approx([0.0, 0.0], abs=1e-15)


def test_the_rate_penalty_keeps_digits_in_float32_and_is_infinite_for_a_dead_unit():
    small = torch.full((4, 1), 1e-6)
    # 1e-12 is the last place of log 1e-6, times the rate: two kernels' logarithms may differ there.
    assert kl_rate_penalty(small, 1e-6)[0].item() == pytest.approx(0.0, abs=5e-12)
    tenth = kl_rate_penalty(small, 1e-7)[0].item()
    assert tenth == pytest.approx(1e-7 * math.log(0.1) + 9e-7, rel=1e-3)
    assert kl_rate_penalty(torch.zeros(4, 1), 0.1).tolist() == [math.inf] * 4
    assert kl_rate_penalty(torch.ones(4, 1), 0.1).tolist() == [math.inf] * 4


def test_batches_overestimate_the_rate_penalty_by_d_over_2b():
    batch, units, rate = 250, 20, 0.3
    generator = torch.Generator().manual_seed(0)
    on = (torch.rand(400, batch, units, generator=generator, dtype=torch.float64) < rate).double()
    penalties = torch.stack([kl_rate_penalty(code, rate)[0] for code in on])
    expected = units / (2 * batch)
    error = penalties.std() / math.sqrt(len(penalties))
    assert abs(penalties.mean() - expected) < 4 * error + 0.01 * expected
    assert kl_rate_penalty(on.flatten(0, 1), rate)[0] < 0.01 * expected


def test_fit_drives_the_mean_activation_to_the_target_rate():
    """Without the penalty the same training leaves the rate far from it."""
    x, rates = torch.rand(256, 6, generator=torch.Generator().manual_seed(0)), {}
    for weight in (0.0, 10.0):
        torch.manual_seed(0)
        model = Autoencoder(nn.Sequential(nn.Linear(6, 8), nn.Sigmoid()), mlp([8, 6]))

        def objective(model, batch, weight=weight):
            penalty = kl_rate_penalty(model.encode(batch), 0.1)
            return squared_error(model(batch), batch) + weight * penalty

        fit(model, x, objective, epochs=100, batch_size=64, lr=1e-2, device="cpu", progress=False)
        rates[weight] = model.encode(x).mean(0).detach()
    assert (rates[10.0] - 0.1).abs().max() < 0.02
    assert (rates[0.0] - 0.1).abs().max() > 0.1


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.5, float("nan")])
def test_the_rate_penalty_refuses_a_rate_that_is_none(rate):
    with pytest.raises(ValueError, match=f"rate must lie between 0 and 1.*{rate}"):
        kl_rate_penalty(torch.full((2, 2), 0.5), rate)


def test_the_rate_penalty_refuses_codes_that_are_no_activations():
    with pytest.raises(ValueError, match=r"got 1\.5; .*use l1_penalty"):
        kl_rate_penalty(torch.tensor([[0.5, 1.5]]), 0.1)
    with pytest.raises(ValueError, match=r"got -0\.25"):
        kl_rate_penalty(torch.tensor([[0.5, -0.25]]), 0.1)
    for shape in [(3,), (0, 3)]:
        with pytest.raises(ValueError, match=r"\[B, d\].*got \["):
            kl_rate_penalty(torch.full(shape, 0.5), 0.1)


def test_a_sparse_autoencoder_is_a_relu_layer_and_a_dictionary_of_unit_vectors():
    torch.manual_seed(0)
    model = SparseAutoencoder(6, 10).double()
    dictionary = model.decoder.weight
    torch.testing.assert_close(dictionary.norm(dim=0), torch.ones(10, dtype=torch.float64))
    # The encoder holds the columns as single precision normalised them.
    torch.testing.assert_close(model.encoder[0].weight, dictionary.T, rtol=0, atol=1e-6)
    x = normal(5, 6)
    code = (x @ model.encoder[0].weight.T).clamp_min(0)  # the biases begin at 0
    torch.testing.assert_close(model.encode(x), code)
    torch.testing.assert_close(model(x), code @ dictionary.T)


def test_training_moves_the_dictionary_and_keeps_its_columns_at_norm_one():
    torch.manual_seed(0)
    model, x = SparseAutoencoder(6, 10), normal(64, 6).float()
    before = model.decoder.weight.detach().clone()

    def objective(model, batch):
        code = model.encode(batch)
        return squared_error(model.decode(code), batch) + 0.1 * l1_penalty(code)

    history = fit(model, x, objective, epochs=30, lr=1e-2, device="cpu", progress=False)
    assert history.loss[-1] < 0.7 * history.loss[0]
    assert (model.decoder.weight - before).abs().max() > 0.05
    torch.testing.assert_close(model.decoder.weight.norm(dim=0), torch.ones(10))


def test_a_copy_of_a_sparse_autoencoder_is_independent_and_travels_to_the_page():
    torch.manual_seed(0)
    model = SparseAutoencoder(784, 3)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        model.decoder.weight = 7 * torch.randn(784, 3)
    z = torch.rand(2, 3)
    assert not torch.allclose(model.decode(z), twin.decode(z), atol=0.1)
    torch.testing.assert_close(model.decoder.weight.norm(dim=0), torch.ones(3))
    sent = Decoder.of(model).decode(z).reshape(2, 784)
    torch.testing.assert_close(sent, model.decode(z).flatten(1), atol=2e-3, rtol=0)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_a_sparse_autoencoder_refuses_a_size_below_one(sizes):
    with pytest.raises(ValueError, match="_dim must be at least 1, got 0"):
        SparseAutoencoder(*sizes)
