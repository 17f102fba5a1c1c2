"""Measures of a code: held against closed forms, autograd's own Jacobian and scikit-learn's own pipeline."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from aecore.exact import PPCA
from aecore.networks import conv_encoder, mlp
from aecore.objectives import contractive_penalty, sigmoid_contractive_penalty
from aecore.probing import (
    hoyer_sparsity,
    jacobian_norm,
    labelled_subset,
    linear_probe,
    relative_jacobian_norm,
)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_hoyer_sparsity_of_codes_whose_value_is_known():
    """k equal entries among d: (sqrt(d) - sqrt(k)) / (sqrt(d) - 1)."""
    codes = torch.zeros(4, 9, dtype=torch.float64)
    for row, k in enumerate((1, 4, 9)):
        codes[row, :k] = torch.tensor([1.0, -1.0] * 5)[:k]
    codes[3, :2] = torch.tensor([3.0, -4.0])  # |z|_1 = 7, |z|_2 = 5
    expected = torch.tensor([1.0, 0.5, 0.0, (3 - 7 / 5) / 2], dtype=torch.float64)
    torch.testing.assert_close(hoyer_sparsity(codes), expected, rtol=1e-14, atol=1e-14)


def test_hoyer_sparsity_of_a_gaussian_code():
    """E|z| = sqrt(2 / pi) and E z^2 = 1, so for large d it is about 1 - sqrt(2 / pi), less the end terms."""
    d = 4096
    expected = (math.sqrt(d) - math.sqrt(d) * math.sqrt(2 / math.pi)) / (math.sqrt(d) - 1)
    assert hoyer_sparsity(draw(50, d)).mean().item() == pytest.approx(expected, abs=2e-3)


@given(st.floats(1e-150, 1e150), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_hoyer_sparsity_knows_no_scale(factor, seed):
    z = draw(5, 12, seed=seed)
    torch.testing.assert_close(hoyer_sparsity(factor * z), hoyer_sparsity(-z), rtol=1e-9, atol=0)
    assert hoyer_sparsity(z).min() >= 0
    assert hoyer_sparsity(z).max() <= 1


def test_hoyer_sparsity_refuses_codes_without_a_value():
    with pytest.raises(ValueError, match=r"\[3\]"):
        hoyer_sparsity(torch.ones(3))
    with pytest.raises(ValueError, match=r"two entries, got \[3, 1\]"):
        hoyer_sparsity(torch.ones(3, 1))
    with pytest.raises(ValueError, match="2 of 3 codes are all zeros"):
        hoyer_sparsity(torch.tensor([[0.0, 0], [1, 0], [0, 0]]))
    with pytest.raises(ValueError, match="codes hold 1 NaN"):
        hoyer_sparsity(torch.tensor([[1.0, math.nan]]))


@pytest.mark.parametrize("sizes", [(7, 9, 4), (4, 9, 7)], ids=["down", "up"])
def test_jacobian_norm_is_autograds_over_batches_of_any_size(sizes):
    torch.manual_seed(0)
    encoder, x = mlp(sizes, nn.Tanh).double(), draw(5, sizes[0])
    by_autograd = torch.stack(
        [torch.autograd.functional.jacobian(encoder, row).pow(2).sum() for row in x]
    )
    for batch_size in (1, 2, 5, 100):
        ours = jacobian_norm(encoder, x, batch_size=batch_size)
        torch.testing.assert_close(ours, by_autograd, rtol=1e-12, atol=0)
    torch.testing.assert_close(contractive_penalty(encoder, x), by_autograd, rtol=1e-12, atol=0)
    assert not ours.requires_grad


def test_jacobian_norm_of_one_layer_has_its_closed_form():
    torch.manual_seed(0)
    linear = nn.Linear(6, 4).double()
    x = draw(8, 6)
    sigmoid = nn.Sequential(linear, nn.Sigmoid())
    torch.testing.assert_close(jacobian_norm(sigmoid, x), sigmoid_contractive_penalty(sigmoid, x))
    relu = nn.Sequential(linear, nn.ReLU())
    by_hand = (linear(x) > 0).double() @ linear.weight.pow(2).sum(1)
    torch.testing.assert_close(jacobian_norm(relu, x), by_hand)


def test_jacobian_norm_takes_images_and_functions():
    torch.manual_seed(0)
    encoder = conv_encoder(3, image_shape=(1, 8, 8), channels=(2,), activation=nn.Tanh).double()
    x = draw(4, 1, 8, 8)
    torch.testing.assert_close(jacobian_norm(encoder, x), contractive_penalty(encoder, x))
    torch.testing.assert_close(
        jacobian_norm(lambda x: 3 * x, x), torch.full((4,), 9 * 64.0).double()
    )


def relative(encoder, x: torch.Tensor) -> torch.Tensor:
    return relative_jacobian_norm(jacobian_norm(encoder, x), x, encoder(x))


def test_relative_jacobian_norm_is_one_for_pixels_turned_and_scaled():
    x = draw(30, 6) @ draw(6, 6, seed=1)
    turn = torch.linalg.qr(draw(6, 6, seed=2)).Q
    for code in (lambda x: x, lambda x: 1e-3 * x, lambda x: 50 * x @ turn + 7):
        torch.testing.assert_close(relative(code, x), torch.ones(30).double())


def test_relative_jacobian_norm_of_pca_is_its_share_of_directions_over_its_share_of_variance():
    x = draw(400, 6) * torch.tensor([5.0, 3, 1, 1, 0.5, 0.1]).double()
    values, vectors = torch.linalg.eigh(torch.cov(x.T))
    found = relative(lambda x: x @ vectors[:, -2:], x)
    expected = (2 / 6) / (values[-2:].sum() / values.sum())
    torch.testing.assert_close(found, expected.expand(400), rtol=1e-10, atol=0)
    assert expected < 1


def test_relative_jacobian_norm_is_a_ratio_of_noise_to_signal():
    """Its definition, by brute force: small noise on the input, and what it does to the code."""
    torch.manual_seed(0)
    encoder, x = mlp([6, 20, 4], nn.Tanh).double(), 2 * draw(100, 6)
    step, z = 1e-4, encoder(x)
    noise = step * draw(2000, 100, 6, seed=3)
    moved = (encoder(x + noise) - z).pow(2).sum(-1).mean(0)
    in_code = moved / z.var(0).sum()
    in_data = step**2 * 6 / x.var(0).sum()
    ours = relative(encoder, x)
    torch.testing.assert_close(ours, in_code / in_data, rtol=0.2, atol=0)
    assert ours.mean().item() == pytest.approx((in_code / in_data).mean().item(), rel=0.01)
    torch.testing.assert_close(relative(lambda x: 1e-6 * encoder(x) + 3, x), ours)


def test_jacobian_norms_refuse_what_has_no_answer():
    x, norm = draw(4, 3), torch.ones(4)
    with pytest.raises(ValueError, match="batch_size must be a positive integer, got 0"):
        jacobian_norm(nn.Identity(), x, batch_size=0)
    with pytest.raises(ValueError, match=r"got \[1, 3\] and \[1, 3\]"):
        relative_jacobian_norm(norm[:1], x[:1], x[:1])
    with pytest.raises(ValueError, match=r"got \[4, 3\] and \[3, 3\]"):
        relative_jacobian_norm(norm, x, x[1:])
    with pytest.raises(ValueError, match="codes must vary over the 4 examples"):
        relative_jacobian_norm(norm, x, 0 * x)
    with pytest.raises(ValueError, match="x must vary"):
        relative_jacobian_norm(norm, 0 * x + 1, x)
    for bad in (-norm, norm / 0, norm[:, None]):
        with pytest.raises(ValueError, match=r"squared norms \[M\]"):
            relative_jacobian_norm(bad, x, x)


def test_labelled_subset_has_as_many_of_each_class_and_follows_its_generator():
    labels = torch.tensor([3, 1, 1, 3, 5, 5, 5, 1, 3, 3])

    def subset(seed):
        return labelled_subset(labels, 2, generator=torch.Generator().manual_seed(seed))

    index = subset(0)
    assert labels[index].tolist() == [1, 1, 3, 3, 5, 5]
    assert len(index.unique()) == 6
    assert torch.equal(index, subset(0))
    drawn = {tuple(sorted(subset(seed).tolist())) for seed in range(600)}
    assert len(drawn) == 3 * 6 * 3, "every choice of two of each class occurs"


def test_labelled_subset_refuses_what_it_cannot_give():
    labels = torch.tensor([0, 0, 7])
    with pytest.raises(ValueError, match="class 7 has 1 examples, fewer than 2"):
        labelled_subset(labels, 2)
    with pytest.raises(ValueError, match="per_class must be a positive integer, got 0"):
        labelled_subset(labels, 0)
    with pytest.raises(ValueError, match="at least one example"):
        labelled_subset(labels[:0], 1)


def digits(
    seed: int = 0, per_class: int = 10
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    data = load_digits()
    x, y = torch.from_numpy(data.data), torch.from_numpy(data.target).long()
    index = labelled_subset(y[:1000], per_class, generator=torch.Generator().manual_seed(seed))
    return x[index], y[index], x[1000:], y[1000:]


# With fewer codes than their 64 numbers it solves the same problem in the codes' span. The optimiser then
# takes other steps, and stops at another place within its tolerance: an image on the border may change.
@pytest.mark.parametrize(("per_class", "images"), [(10, 0), (6, 2)])
def test_linear_probe_is_scikit_learns_pipeline_and_grid_search(per_class, images):
    z, y, test_z, test_y = digits(per_class=per_class)
    strengths = [1e-4, 0.01, 1.0]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    split = StratifiedKFold(5, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, {"logisticregression__C": strengths}, cv=split)
    expected = search.fit(z.numpy(), y.numpy()).score(test_z.numpy(), test_y.numpy())
    found = linear_probe(z, y, test_z, test_y, strengths=strengths)
    assert found == pytest.approx(expected, abs=images / len(test_y) + 1e-12)
    assert found > linear_probe(z, y, test_z, test_y, strengths=[1e-4])


def test_linear_probe_takes_the_smallest_of_equal_strengths():
    """Both get 91 of 100 right, in folds of 19, 20, 16, 18, 18 and 18, 20, 16, 19, 18 of 20.

    The means of these shares differ in their last place.
    """
    data = digits(seed=1)
    weak, strong = (linear_probe(*data, strengths=[strength]) for strength in (0.03, 0.3))
    assert linear_probe(*data, strengths=[0.03, 0.3]) == weak != strong


def test_linear_probe_does_not_depend_on_scale_offset_or_order():
    z, y, test_z, test_y = digits()
    scale, offset = torch.logspace(-3, 3, 64).double(), torch.linspace(-5, 5, 64).double()
    plain = linear_probe(z, y, test_z, test_y, strengths=[0.1])
    moved = linear_probe(z * scale + offset, y, test_z * scale + offset, test_y, strengths=[0.1])
    assert moved == pytest.approx(plain, abs=2e-3)
    back = torch.arange(len(z)).flip(0)
    assert linear_probe(z[back], y[back], test_z, test_y, strengths=[0.1]) == pytest.approx(
        plain, abs=2e-3
    )


def test_linear_probe_of_a_perfect_a_useless_and_a_dead_code():
    labels = torch.arange(5).repeat(20)
    test_labels = torch.arange(5).repeat(100)
    perfect = nn.functional.one_hot
    assert linear_probe(perfect(labels), labels, perfect(test_labels), test_labels) == 1.0
    useless = linear_probe(draw(100, 8), labels, draw(500, 8, seed=1), test_labels)
    assert useless == pytest.approx(0.2, abs=4 * math.sqrt(0.2 * 0.8 / 500) + 0.02)
    dead = linear_probe(torch.zeros(100, 8), labels, torch.zeros(500, 8), test_labels)
    assert dead == pytest.approx(0.2)


def test_linear_probe_never_looks_at_the_test_codes_to_choose():
    """Labels of the test set turned round: the predictions, and so the errors, must stay the same ones."""
    z, y, test_z, test_y = digits()
    right = linear_probe(z, y, test_z, test_y)
    in_parts = [
        linear_probe(z, y, a, b) * len(b)
        for a, b in zip(test_z.split(100), test_y.split(100), strict=True)
    ]
    assert sum(in_parts) / len(test_y) == pytest.approx(right, abs=1e-12)


def test_linear_probe_learns_what_a_linear_gaussian_code_knows():
    """Two classes along one factor of a PPCA model: the exact posterior mean is as good as its input."""
    weight = torch.linalg.qr(draw(12, 2)).Q * torch.tensor([4.0, 1.0]).double()
    model = PPCA(weight, torch.zeros(12).double(), 0.05)
    factors = draw(700, 2, seed=4)
    labels = (factors[:, 0] > 0).long()
    x = factors @ weight.T + 0.05**0.5 * draw(700, 12, seed=5)
    code = model.posterior(x).mean
    accuracy = linear_probe(code[:200], labels[:200], code[200:], labels[200:])
    assert accuracy > 0.95
    assert isinstance(accuracy, float)


def test_linear_probe_refuses_what_does_not_fit():
    z, y = draw(20, 3), torch.arange(2).repeat(10)
    with pytest.raises(ValueError, match=r"test_codes \[N, d\] .* got \[20, 3\] and \[19\]"):
        linear_probe(z, y, z, y[1:])
    with pytest.raises(ValueError, match="codes have 3 entries and test_codes 2"):
        linear_probe(z, y, z[:, :2], y)
    with pytest.raises(ValueError, match="at least two classes"):
        linear_probe(z, 0 * y, z, y)
    with pytest.raises(ValueError, match="folds must lie between 2 and 10"):
        linear_probe(z, y, z, y, folds=11)
    for strengths in ([], [0.0, 1.0], [-1.0]):
        with pytest.raises(ValueError, match="strengths must be positive"):
            linear_probe(z, y, z, y, strengths=strengths)
    broken = z.clone()
    broken[0, 0] = np.inf
    with pytest.raises(ValueError, match="codes hold 1 NaN or infinite"):
        linear_probe(broken, y, z, y)
