"""The oracles themselves, held against SciPy, scikit-learn, autograd and integration."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from aecore.exact import PPCA, GaussianMixture


def correlated_data(n: int = 500, dim: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(dim, dim, generator=generator, dtype=torch.float64)
    x = torch.randn(n, dim, generator=generator, dtype=torch.float64)
    return x @ mix + torch.arange(dim)


def mixture() -> GaussianMixture:
    means = torch.tensor([[0.0, 0.0], [3.0, 1.0], [-2.0, 2.0]], dtype=torch.float64)
    factors = torch.tensor([[[1.0, 0.0], [0.4, 0.6]]] * 3, dtype=torch.float64)
    factors = factors * torch.tensor([0.5, 1.0, 0.8], dtype=torch.float64)[:, None, None]
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    return GaussianMixture(weights, means, factors @ factors.mT)


def test_ppca_solution_agrees_with_scikit_learns():
    """scikit-learn divides by N - 1, Tipping and Bishop by N: the covariances differ by that factor."""
    data = correlated_data()
    model = PPCA.fit(data, 2)
    reference = PCA(2).fit(data.numpy())
    divisor = (len(data) - 1) / len(data)
    assert model.noise_variance == pytest.approx(reference.noise_variance_ * divisor, rel=1e-9)
    np.testing.assert_allclose(
        model.covariance.numpy(), reference.get_covariance() * divisor, rtol=1e-9, atol=1e-9
    )


def test_ppca_log_prob_agrees_with_scipy():
    data = correlated_data()
    model = PPCA.fit(data, 3)
    expected = stats.multivariate_normal(model.mean.numpy(), model.covariance.numpy()).logpdf(data)
    np.testing.assert_allclose(model.log_prob(data).numpy(), expected, rtol=1e-9)


def test_ppca_solution_is_a_maximum_of_the_likelihood():
    data = correlated_data()
    model = PPCA.fit(data, 2)
    weight = model.weight.clone().requires_grad_()
    mean = model.mean.clone().requires_grad_()
    log_variance = torch.tensor(math.log(model.noise_variance), dtype=torch.float64)
    log_variance.requires_grad_()
    covariance = weight @ weight.T + log_variance.exp() * torch.eye(6, dtype=torch.float64)
    MultivariateNormal(mean, covariance).log_prob(data).mean().backward()
    for gradient in (weight.grad, mean.grad, log_variance.grad):
        assert gradient.abs().max() < 1e-8
    best = model.log_prob(data).mean()
    generator = torch.Generator().manual_seed(1)
    for _ in range(10):
        nudge = 0.05 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        other = PPCA(model.weight + nudge, model.mean, model.noise_variance)
        assert other.log_prob(data).mean() < best


def test_ppca_posterior_obeys_bayes_rule():
    """log p(x) = log p(x | z) + log p(z) - log p(z | x) for every z."""
    data = correlated_data()[:20]
    model = PPCA.fit(correlated_data(), 2)
    posterior = model.posterior(data)
    for z in posterior.sample((3,)):
        eye = torch.eye(2, dtype=torch.float64)
        log_prior = MultivariateNormal(torch.zeros(2, dtype=torch.float64), eye).log_prob(z)
        noise = model.noise_variance * torch.eye(6, dtype=torch.float64)
        log_likelihood = MultivariateNormal(z @ model.weight.T + model.mean, noise).log_prob(data)
        evidence = log_likelihood + log_prior - posterior.log_prob(z)
        torch.testing.assert_close(evidence, model.log_prob(data), rtol=1e-9, atol=1e-9)


def test_ppca_posterior_is_gaussian_conditioning_of_the_joint():
    model = PPCA.fit(correlated_data(), 2)
    x = correlated_data()[:4]
    gain = torch.linalg.solve(model.covariance, model.weight).T
    posterior = model.posterior(x)
    torch.testing.assert_close(posterior.mean, (x - model.mean) @ gain.T)
    covariance = torch.eye(2, dtype=torch.float64) - gain @ model.weight
    torch.testing.assert_close(posterior.covariance_matrix[0], covariance)
    same = MultivariateNormal(posterior.mean, covariance.expand(4, 2, 2))
    assert kl_divergence(posterior, same).abs().max() < 1e-9


def test_ppca_posterior_takes_any_leading_shape():
    torch.manual_seed(0)
    model = PPCA(torch.randn(6, 2).double(), torch.randn(6).double(), 0.3)
    x = torch.randn(5, 2, 6).double()
    posterior = model.posterior(x)
    for i in range(5):
        torch.testing.assert_close(posterior.mean[i], model.posterior(x[i]).mean)
    torch.testing.assert_close(model.posterior(x[1, 0]).mean, posterior.mean[1, 0])
    with pytest.raises(ValueError, match=r"expected x \[\.\.\., 6\], got \[5, 1\]"):
        model.posterior(x[:, 0, :1])


def test_ppca_evidence_is_the_integral_over_the_code():
    weight = torch.tensor([[1.0], [0.5]], dtype=torch.float64)
    model = PPCA(weight, torch.tensor([0.3, -0.2], dtype=torch.float64), 0.4)
    x = np.array([0.7, 0.1])

    def joint(z):
        residual = x - (weight.numpy()[:, 0] * z + model.mean.numpy())
        return stats.norm.pdf(z) * stats.norm.pdf(residual, scale=math.sqrt(0.4)).prod()

    integral, _ = integrate.quad(joint, -10, 10)
    log_prob = model.log_prob(torch.from_numpy(x)[None]).item()
    assert log_prob == pytest.approx(math.log(integral), abs=1e-8)


@pytest.mark.parametrize("d", [0, 6, 7])
def test_ppca_fit_refuses_a_code_that_leaves_no_noise(d):
    with pytest.raises(ValueError, match=f"d={d}"):
        PPCA.fit(correlated_data(), d)


def test_ppca_refuses_degenerate_data_and_mismatched_shapes():
    flat = correlated_data()[:, :1] @ torch.ones(1, 6, dtype=torch.float64)
    with pytest.raises(ValueError, match="smaller d"):
        PPCA.fit(flat, 2)
    with pytest.raises(ValueError, match=r"\[4, 2\] and \[3\]"):
        PPCA(torch.zeros(4, 2), torch.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"noise_variance.*-1"):
        PPCA(torch.zeros(4, 2), torch.zeros(4), -1.0)


def test_mixture_log_prob_agrees_with_scipy():
    model, x = mixture(), 3 * torch.randn(50, 2, dtype=torch.float64)
    density = sum(
        weight.item() * stats.multivariate_normal(mean.numpy(), covariance.numpy()).pdf(x)
        for weight, mean, covariance in zip(
            model.weights, model.means, model.covariances, strict=True
        )
    )
    np.testing.assert_allclose(model.log_prob(x).exp().numpy(), density, rtol=1e-9)


def test_mixture_score_is_the_gradient_of_log_prob():
    x = (3 * torch.randn(50, 2, dtype=torch.float64)).requires_grad_()
    gradient = torch.autograd.grad(mixture().log_prob(x).sum(), x)[0]
    torch.testing.assert_close(mixture().score(x.detach()), gradient)


def test_mixture_score_stays_finite_far_away():
    far = torch.tensor([[1e3, -1e3]], dtype=torch.float64)
    assert mixture().score(far).isfinite().all()


def test_noised_mixture_is_the_convolution_with_a_gaussian():
    model, sigma = mixture(), 0.7
    point = torch.tensor([0.5, 1.0], dtype=torch.float64)
    line = torch.linspace(-8, 9, 1001, dtype=torch.float64)
    cell = (line[1] - line[0]) ** 2
    x = torch.cartesian_prod(line, line)
    kernel = Normal(x, sigma).log_prob(point).sum(1)
    integral = (model.log_prob(x) + kernel).exp().sum() * cell
    noised = model.noised(sigma).log_prob(point[None]).exp().squeeze()
    torch.testing.assert_close(noised, integral, rtol=1e-8, atol=0)


@pytest.mark.parametrize("sigma", [0.1, 0.7, 3.0])
def test_the_score_of_the_noised_mixture_is_the_gradient_of_its_log_density(sigma):
    x = (3 * torch.randn(50, 2, dtype=torch.float64)).requires_grad_()
    noised = mixture().noised(sigma)
    gradient = torch.autograd.grad(noised.log_prob(x).sum(), x)[0]
    torch.testing.assert_close(noised.score(x.detach()), gradient)


def test_noise_upon_noise_adds_its_variances():
    x = 3 * torch.randn(20, 2, dtype=torch.float64)
    twice = mixture().noised(0.6).noised(0.8)
    torch.testing.assert_close(twice.log_prob(x), mixture().noised(1.0).log_prob(x))


def test_the_posterior_mean_is_the_integral_over_the_clean_points():
    """E[x | x_tilde] = integral of x p(x) N(x_tilde; x, sigma^2 I) over that of p(x) N(x_tilde; x, ...)."""
    model, sigma = mixture(), 0.7
    line = torch.linspace(-8, 9, 801, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    points = torch.tensor([[0.5, 1.0], [1.6, 0.5], [-1.0, 1.2], [5.0, -3.0]], dtype=torch.float64)
    for point in points:
        kernel = Normal(grid, sigma).log_prob(point).sum(1)
        weight = (model.log_prob(grid) + kernel).softmax(0)
        expected = weight @ grid
        found = model.posterior_mean(point[None], sigma)[0]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.01, 0.3, 1.0, 4.0])
def test_tweedies_formula_is_the_posterior_mean(sigma):
    """Two routes that share no step: the score of the noised density, and conditioning of the components."""
    model = mixture()
    x_tilde = 3 * torch.randn(50, 2, dtype=torch.float64)
    tweedie = x_tilde + sigma**2 * model.noised(sigma).score(x_tilde)
    torch.testing.assert_close(model.posterior_mean(x_tilde, sigma), tweedie, rtol=1e-9, atol=1e-9)


def test_tweedie_with_the_score_before_noising_is_right_only_for_small_noise():
    """Its error relative to the true step falls like sigma^2; at sigma = 1 the step itself is wrong."""
    model, x = mixture(), torch.tensor([[0.5, 1.0], [1.6, 0.5], [-1.0, 1.2]], dtype=torch.float64)

    def relative_error(sigma):
        step = model.posterior_mean(x, sigma) - x
        return ((sigma**2 * model.score(x) - step).norm() / step.norm()).item()

    assert relative_error(1.0) > 1
    assert relative_error(1e-2) < 2e-2
    assert relative_error(1e-3) == pytest.approx(relative_error(1e-2) / 100, rel=0.05)


def test_no_denoiser_beats_the_posterior_mean():
    model, sigma = mixture(), 0.8
    generator = torch.Generator().manual_seed(0)
    x = model.sample(50_000, generator=generator)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    x_tilde = x + sigma * noise
    best = model.posterior_mean(x_tilde, sigma)
    error = (best - x).pow(2).sum(1)
    assert error.mean() < 0.98 * (x_tilde - x).pow(2).sum(1).mean()
    for other in (
        x_tilde,
        0.95 * best,
        1.05 * best,
        best + 0.1,
        x_tilde + sigma**2 * model.score(x),
    ):
        paired = (other - x).pow(2).sum(1) - error
        assert paired.mean() > 4 * paired.std() / math.sqrt(len(x))


def test_without_noise_the_posterior_mean_is_the_point_and_with_much_the_mixtures_mean():
    model, x = mixture(), torch.randn(5, 2, dtype=torch.float64)
    torch.testing.assert_close(model.posterior_mean(x, 0.0), x)
    mean = (model.weights[:, None] * model.means).sum(0)
    torch.testing.assert_close(model.posterior_mean(x, 1e4), mean.expand(5, 2), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match=r"-0\.1"):
        model.posterior_mean(x, -0.1)


def test_no_noise_is_the_same_mixture_and_negative_noise_an_error():
    x = torch.randn(5, 2, dtype=torch.float64)
    torch.testing.assert_close(mixture().noised(0.0).log_prob(x), mixture().log_prob(x))
    with pytest.raises(ValueError, match=r"-0\.1"):
        mixture().noised(-0.1)


def test_mixture_samples_have_the_mixtures_moments():
    model = mixture()
    draws = model.sample(200_000, generator=torch.Generator().manual_seed(0))
    mean = (model.weights[:, None] * model.means).sum(0)
    offset = model.means - mean
    second = model.covariances + offset[:, :, None] * offset[:, None, :]
    covariance = (model.weights[:, None, None] * second).sum(0)
    torch.testing.assert_close(draws.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(torch.cov(draws.T), covariance, atol=0.06, rtol=0)


def test_the_mixture_draws_where_its_parameters_are():
    """The meta device computes no values: this fails as soon as one tensor is made elsewhere."""
    model = mixture()
    for name in ("weights", "means", "covariances"):
        setattr(model, name, getattr(model, name).to("meta"))
    assert model.sample(5).device.type == "meta"


def test_mixture_refuses_what_is_no_mixture():
    eye = torch.eye(2).expand(2, 2, 2)
    with pytest.raises(ValueError, match="sum to 1"):
        GaussianMixture(torch.tensor([0.5, 0.6]), torch.zeros(2, 2), eye)
    with pytest.raises(ValueError, match="positive"):
        GaussianMixture(torch.tensor([1.0, 0.0]), torch.zeros(2, 2), eye)
    with pytest.raises(ValueError, match=r"\[3\], \[2, 2\]"):
        GaussianMixture(torch.ones(3) / 3, torch.zeros(2, 2), eye)


def test_a_mixture_may_be_written_as_lists():
    weights, means = [0.25, 0.75], [[0.0, 1.0], [2.0, -1.0]]
    covariances = [[[1.0, 0.2], [0.2, 0.5]], [[2.0, 0.0], [0.0, 1.0]]]
    x = torch.tensor([[0.3, -0.4], [1.0, 1.0]])
    tensors = GaussianMixture(*map(torch.tensor, (weights, means, covariances)))
    assert torch.equal(GaussianMixture(weights, means, covariances).score(x), tensors.score(x))


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "message"),
    [
        ([float("nan"), 0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]], "weights must be positive"),
        ([0.5, 0.5], [[0.0], [float("inf")]], [[[1.0]], [[1.0]]], "means must be finite"),
        ([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[-1.0]]], "positive definite, got"),
        ([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.0, 1.0]]], "symmetric and positive definite"),
    ],
)
def test_a_mixture_without_a_density_is_refused_at_once(weights, means, covariances, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(weights, means, covariances)


def test_mixture_draws_repeat_from_a_generator_alone():
    mixture = GaussianMixture([0.5, 0.5], [[-5.0], [5.0]], [[[1.0]], [[1.0]]])
    draws = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        draws.append(mixture.sample(50, generator=torch.Generator().manual_seed(7)))
    assert torch.equal(*draws)
