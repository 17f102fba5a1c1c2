"""Corruptions: their exact moments and rates, what they leave alone, and the loss that undoes them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cosine_similarity

from aecore.corruption import compose, denoising_loss, gaussian_noise, masking, salt_and_pepper
from aecore.exact import GaussianMixture
from aecore.models import Autoencoder, LinearAutoencoder
from aecore.networks import mlp
from aecore.training import fit

KINDS = {"gaussian": gaussian_noise, "masking": masking, "salt and pepper": salt_and_pepper}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
N = 200_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def grey(*shape, seed=1):
    """Grey levels strictly between 0 and 1, so that every hit shows."""
    return 0.1 + 0.8 * torch.rand(*shape, generator=seeded(seed), dtype=torch.float64)


def standard_error(rate, n=N):
    return math.sqrt(rate * (1 - rate) / n)


@pytest.mark.parametrize("std", [0.1, 1.0, 3.0])
def test_gaussian_noise_has_its_moments_and_no_memory(std):
    x = grey(N // 4, 4)
    eps = (gaussian_noise(std)(x, generator=seeded()) - x) / std
    assert abs(eps.mean()) < 4.5 / math.sqrt(N)
    assert abs(eps.var() - 1) < 4.5 * math.sqrt(2 / N)
    assert abs(eps.pow(4).mean() - 3) < 4.5 * math.sqrt(96 / N)
    correlation = torch.corrcoef(torch.cat([eps, x], 1).T) - torch.eye(8)
    assert correlation[:4].abs().max() < 5 / math.sqrt(N // 4)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_masking_zeroes_its_share_and_keeps_the_rest(share):
    x = grey(N // 10, 10)
    x_tilde = masking(share)(x, generator=seeded())
    zero = x_tilde == 0
    assert abs(zero.double().mean() - share) < 4.5 * standard_error(share)
    assert torch.equal(x_tilde[~zero], x[~zero])
    counts = zero.double().sum(1)  # binomial: entries are hit independently of each other
    expected = 10 * share * (1 - share)
    kurtosis = 3 + (1 - 6 * share * (1 - share)) / expected
    assert abs(counts.var() - expected) < 4.5 * expected * math.sqrt((kurtosis - 1) / len(x))


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_salt_and_pepper_are_half_of_the_share_each_and_the_rest_stays(share):
    x = grey(N // 10, 10)
    x_tilde = salt_and_pepper(share)(x, generator=seeded())
    salt, pepper = x_tilde == 1, x_tilde == 0
    for hit in (salt, pepper):
        assert abs(hit.double().mean() - share / 2) < 4.5 * standard_error(share / 2)
    assert torch.equal(x_tilde[~(salt | pepper)], x[~(salt | pepper)])
    binary = (x > 0.5).double()
    changed = salt_and_pepper(share)(binary, generator=seeded()) != binary
    assert abs(changed.double().mean() - share / 2) < 4.5 * standard_error(share / 2)


@every_kind
def test_none_of_it_changes_nothing(kind):
    x = grey(50, 3)
    x_tilde = kind(0.0)(x)
    assert torch.equal(x_tilde, x) and x_tilde.data_ptr() != x.data_ptr()


def test_all_of_it_leaves_nothing():
    x = grey(500, 3)
    assert (masking(1.0)(x) == 0).all()
    assert sorted(salt_and_pepper(1.0)(x).unique().tolist()) == [0.0, 1.0]


@every_kind
@settings(deadline=None, max_examples=25)
@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
)
def test_shape_type_and_device_stay_and_the_input_is_not_touched(kind, shape, dtype):
    x = grey(*shape).to(dtype)
    before = x.clone()
    x_tilde = compose(kind(0.5), kind(0.5))(x)
    assert (x_tilde.shape, x_tilde.dtype, x_tilde.device) == (x.shape, dtype, x.device)
    assert torch.equal(x, before)


def test_a_corruption_works_where_the_data_are():
    """The meta device computes no values: this fails as soon as one tensor is made elsewhere."""
    x = torch.zeros(2, 3, device="meta")
    for kind in KINDS.values():
        assert kind(0.5)(x).device == x.device


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_small_share_is_met_in_half_precision_too(dtype):
    """Uniform bfloat16 numbers are multiples of 1/256: below 0.005 there would be two of them, 0.8 %."""
    x_tilde = masking(0.005)(torch.ones(N, dtype=dtype), generator=seeded())
    assert abs((x_tilde == 0).double().mean() - 0.005) < 4.5 * standard_error(0.005)


@every_kind
def test_the_generator_repeats_the_draw_and_without_one_the_global_state_does(kind):
    x, corrupt = grey(40, 5), kind(0.5)
    one, same, other = (corrupt(x, generator=seeded(s)) for s in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
    torch.manual_seed(3)
    first = corrupt(x)
    assert not torch.equal(first, corrupt(x))
    torch.manual_seed(3)
    assert torch.equal(first, corrupt(x))
    state = torch.random.get_rng_state()
    corrupt(x, generator=seeded())
    assert torch.equal(state, torch.random.get_rng_state())


def test_composition_is_one_after_the_other_with_one_generator():
    x, parts = grey(60, 7), (masking(0.3), gaussian_noise(0.2), salt_and_pepper(0.1))
    generator, by_hand = seeded(), x
    for part in parts:
        by_hand = part(by_hand, generator=generator)
    assert torch.equal(compose(*parts)(x, generator=seeded()), by_hand)
    nested = compose(compose(parts[0], parts[1]), parts[2])
    assert torch.equal(nested(x, generator=seeded()), by_hand)
    assert torch.equal(compose()(x), x)


def test_the_rates_of_composed_corruptions_follow_from_their_order():
    x = grey(N)
    twice = compose(masking(0.3), masking(0.5))(x, generator=seeded())
    assert abs((twice == 0).double().mean() - 0.65) < 4.5 * standard_error(0.65)
    assert (compose(masking(0.5), gaussian_noise(0.1))(x) == 0).sum() == 0
    zeros_last = compose(gaussian_noise(0.1), masking(0.5))(x, generator=seeded()) == 0
    assert abs(zeros_last.double().mean() - 0.5) < 4.5 * standard_error(0.5)
    noise = compose(gaussian_noise(0.3), gaussian_noise(0.4))(x, generator=seeded()) - x
    assert abs(noise.var() - 0.25) < 4.5 * 0.25 * math.sqrt(2 / N)


def test_the_denoising_loss_shows_the_spoilt_and_asks_for_the_clean():
    class Recorder(nn.Module):
        def forward(self, x):
            self.seen = x
            return x + 1

    model, x = Recorder(), grey(30, 4)
    loss = denoising_loss(masking(0.5))(model, x)
    assert (model.seen == 0).any()
    torch.testing.assert_close(loss, (model.seen + 1 - x).pow(2).sum(1))
    first = model.seen
    denoising_loss(masking(0.5))(model, x)
    assert not torch.equal(first, model.seen)


def test_the_posterior_mean_of_a_gaussian_has_the_bayes_risk_and_others_more():
    """x ~ N(0, S): E[x | x_tilde] = S (S + s^2 I)^-1 x_tilde, with risk trace(s^2 S (S + s^2 I)^-1)."""
    std, factor = 0.7, torch.tensor([[1.0, 0.0], [0.8, 0.3]], dtype=torch.float64)
    covariance = factor @ factor.T
    gain = covariance @ torch.linalg.inv(covariance + std**2 * torch.eye(2))
    x = torch.randn(N, 2, generator=seeded(5), dtype=torch.float64) @ factor.T
    denoiser, objective = nn.Linear(2, 2, bias=False).double(), denoising_loss(gaussian_noise(std))
    risks = []
    for weight in (gain, 0.8 * gain, 1.2 * gain, torch.eye(2).double()):
        denoiser.weight.data = weight
        torch.manual_seed(0)
        risks.append(objective(denoiser, x).detach())
    exact = std**2 * gain.trace()
    assert abs(risks[0].mean() - exact) < 4.5 * risks[0].std() / math.sqrt(N)
    assert all(other.mean() > 1.02 * exact for other in risks[1:])
    assert risks[3].mean() == pytest.approx(
        2 * std**2, rel=0.01
    )  # the identity keeps all the noise


def test_fit_finds_the_linear_denoiser_in_closed_form():
    std, generator = 0.5, seeded()
    x = torch.randn(4000, 2, generator=generator) * torch.tensor([1.0, 0.3])
    model = LinearAutoencoder(2, 2)
    fit(model, x, denoising_loss(gaussian_noise(std)), epochs=20, lr=1e-2, progress=False)
    found = (model.decoder.weight @ model.encoder.weight).detach().cpu()
    covariance = x.T @ x / len(x)
    gain = covariance @ torch.linalg.inv(covariance + std**2 * torch.eye(2))
    torch.testing.assert_close(found, gain, atol=0.05, rtol=0)


@pytest.mark.parametrize("std", [0.3, 0.5])
def test_a_trained_residual_points_along_the_score_of_the_noised_density_not_the_clean_one(std):
    """(r(x) - x) / std^2 against the exact scores, on new points where the density is not tiny."""
    means = torch.tensor([[1.5, 0.0], [-0.75, 1.3], [-0.75, -1.3]])
    covariances = torch.tensor([[0.15, 0.05], [0.05, 0.1]]).expand(3, 2, 2)
    mixture = GaussianMixture(torch.tensor([0.5, 0.3, 0.2]), means, covariances)
    torch.manual_seed(0)
    denoiser, generator = mlp([2, 64, 64, 2], nn.SiLU), seeded()
    x = mixture.sample(20_000, generator=generator)
    objective = denoising_loss(gaussian_noise(std))
    fit(denoiser, x, objective, epochs=40, batch_size=500, lr=3e-3, device="cpu", progress=False)
    noised = mixture.noised(std)
    points = noised.sample(5000, generator=generator)
    nats = noised.log_prob(points)
    points = points[nats > nats.max() - 4]
    residual = (denoiser(points) - points).detach() / std**2
    exact, clean = noised.score(points), mixture.score(points)
    assert len(points) > 4500
    assert cosine_similarity(residual, exact).mean() > 0.95
    error = (residual - exact).pow(2).sum(1).mean()
    assert error < 0.1 * exact.pow(2).sum(1).mean()
    assert error < 0.1 * (residual - clean).pow(2).sum(1).mean()


def arc_and_blob():
    """A mixture with a narrow ridge, in double precision."""
    means = torch.tensor([[1.5, 0.0], [-0.75, 1.3], [-0.75, -1.3]], dtype=torch.float64)
    narrow = torch.tensor([[0.3, 0.1], [0.1, 0.05]], dtype=torch.float64)
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    return GaussianMixture(weights, means, narrow.expand(3, 2, 2))


@pytest.mark.parametrize("std", [0.2, 0.7])
def test_what_a_denoiser_loses_to_the_best_is_its_distance_from_the_exact_score(std):
    """E|r - x|^2 = (D s^2 - s^4 I) + s^4 E|(r - x_tilde)/s^2 - score|^2, I = E|score|^2 (Vincent, 2011)."""
    mixture, generator = arc_and_blob(), seeded(3)
    x = mixture.sample(N, generator=generator)
    x_tilde = gaussian_noise(std)(x, generator=generator)
    score = mixture.noised(std).score(x_tilde)
    best = 2 * std**2 - std**4 * score.pow(2).sum(1)
    for r in (mixture.posterior_mean(x_tilde, std), x_tilde, 0.5 * x_tilde, x_tilde.flip(1)):
        loss = (r - x).pow(2).sum(1)
        distance = ((r - x_tilde) / std**2 - score).pow(2).sum(1)
        gap = loss - best - std**4 * distance
        assert abs(gap.mean()) < 4.5 * gap.std() / math.sqrt(N)


@pytest.mark.parametrize("std", [0.2, 0.7])
def test_the_best_denoisers_jacobian_is_the_posterior_covariance_over_the_noise(std):
    """By importance weights of draws from the mixture, which know nothing of Tweedie's formula."""
    mixture = arc_and_blob()
    x = mixture.sample(N, generator=seeded(4))
    for x_tilde in mixture.noised(std).sample(5, generator=seeded(5)):
        weight = (-(x - x_tilde).pow(2).sum(1) / (2 * std**2)).softmax(0)
        mean = weight @ x
        covariance = (weight * (x - mean).T) @ (x - mean)
        slope = torch.func.jacrev(lambda p: mixture.posterior_mean(p[None], std)[0])(x_tilde)
        effective = 1 / weight.pow(2).sum()  # how many draws carry the average
        torch.testing.assert_close(
            mean, mixture.posterior_mean(x_tilde[None], std)[0], **within(effective)
        )
        torch.testing.assert_close(covariance / std**2, slope, **within(effective))


def within(draws):
    return {"atol": (8 / draws.sqrt()).item(), "rtol": 0}


def test_fit_repeats_the_noise_with_its_seed():
    x, weights = torch.rand(64, 6, generator=seeded()), []
    for seed in (0, 0, 1):
        torch.manual_seed(0)
        model = Autoencoder(mlp([6, 3]), mlp([3, 6]))
        objective = denoising_loss(salt_and_pepper(0.3))
        fit(model, x, objective, epochs=1, batch_size=64, seed=seed, progress=False)
        weights.append(model.encoder[0].weight.detach())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("std", [-0.1, float("nan"), float("inf")])
def test_gaussian_noise_refuses_a_std_that_is_none(std):
    with pytest.raises(ValueError, match=f"std must be finite and not negative, got {std}"):
        gaussian_noise(std)


@pytest.mark.parametrize("kind", [masking, salt_and_pepper])
@pytest.mark.parametrize("share", [-0.1, 1.1, 25, float("nan")])
def test_shares_are_probabilities(kind, share):
    with pytest.raises(ValueError, match=f"from 0 to 1, got {share}"):
        kind(share)


@every_kind
def test_integers_are_refused_with_the_way_out(kind):
    with pytest.raises(ValueError, match=r"got torch\.uint8; use x\.float\(\)"):
        kind(0.5)(torch.zeros(3, dtype=torch.uint8))
