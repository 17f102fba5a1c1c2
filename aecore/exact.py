"""Models whose answers are known in closed form: the oracles that the book's claims are held against.

Tipping and Bishop (1999), "Probabilistic principal component analysis", J. R. Statist. Soc. B 61(3);
Vincent (2011), "A connection between score matching and denoising autoencoders", for the noised mixture.
"""

import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal


class PPCA:
    """Probabilistic PCA: z ~ N(0, I_d), x | z ~ N(W z + mean, noise_variance I_D).

    weight: W [D, d]; mean: [D]; noise_variance: sigma^2, positive. Computations run in W's dtype.

    Raises ValueError for shapes that do not fit together or a variance that is not positive.
    """

    def __init__(self, weight: Tensor, mean: Tensor, noise_variance: float | Tensor):
        if weight.dim() != 2 or mean.shape != weight.shape[:1]:
            raise ValueError(
                f"expected weight [D, d] and mean [D], got {list(weight.shape)} and {list(mean.shape)}"
            )
        noise_variance = float(noise_variance)
        if not (noise_variance > 0 and math.isfinite(noise_variance)):
            raise ValueError(f"noise_variance must be positive and finite, got {noise_variance}")
        self.weight = weight
        self.mean = mean
        self.noise_variance = noise_variance

    @classmethod
    def fit(cls, data: Tensor, d: int) -> "PPCA":
        """Maximum-likelihood solution for data [N, D] (Tipping and Bishop, 1999, section 3.2).

        W = U_d (L_d - sigma^2 I)^(1/2) with U, L the eigenvectors and eigenvalues of the covariance with
        divisor N, and sigma^2 the mean of the D - d discarded eigenvalues. The rotation is taken as I.

        Raises ValueError unless 1 <= d < D, or when the discarded eigenvalues are all zero.
        """
        if data.dim() != 2 or not 1 <= d < data.shape[1]:
            raise ValueError(
                f"expected data [N, D] and 1 <= d < D (d = D leaves no noise), got {list(data.shape)}, d={d}"
            )
        mean = data.mean(0)
        covariance = torch.cov(data.T, correction=0)
        eigenvalues, eigenvectors = torch.linalg.eigh(covariance)
        noise_variance = eigenvalues[:-d].mean().item()
        if noise_variance <= 1e-12 * eigenvalues[-1].item():
            raise ValueError(
                f"the data lie in a subspace of dimension {d} or less, so the noise variance is 0; "
                "use a smaller d"
            )
        scale = (eigenvalues[-d:].flip(0) - noise_variance).clamp(min=0).sqrt()
        return cls(eigenvectors[:, -d:].flip(1) * scale, mean, noise_variance)

    @property
    def covariance(self) -> Tensor:
        """Covariance of x, W W^T + sigma^2 I, [D, D]."""
        eye = torch.eye(len(self.mean), dtype=self.weight.dtype, device=self.weight.device)
        return self.weight @ self.weight.T + self.noise_variance * eye

    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log evidence log p(x) in nats: [B, D] to [B]."""
        return MultivariateNormal(self.mean, self.covariance).log_prob(x)

    def posterior(self, x: Tensor) -> MultivariateNormal:
        """Exact p(z | x) of x [..., D]: N(M^-1 W^T (x - mean), sigma^2 M^-1), M = W^T W + sigma^2 I.

        Raises ValueError when an example has another number of dimensions.
        """
        if x.shape[-1:] != self.mean.shape:
            raise ValueError(f"expected x [..., {len(self.mean)}], got {list(x.shape)}")
        d = self.weight.shape[1]
        eye = torch.eye(d, dtype=self.weight.dtype, device=self.weight.device)
        factor = torch.linalg.cholesky(self.weight.T @ self.weight + self.noise_variance * eye)
        projected = ((x - self.mean) @ self.weight)[..., None]
        mean = torch.cholesky_solve(projected, factor)[..., 0]
        covariance = self.noise_variance * torch.cholesky_inverse(factor)
        return MultivariateNormal(mean, covariance.expand(*x.shape[:-1], d, d))


class GaussianMixture:
    """Mixture of K Gaussians with exact density and score.

    weights: [K], positive, summing to 1; means: [K, D]; covariances: [K, D, D], positive definite. Tensors of
    one type, or what ``torch.as_tensor`` takes: nested lists of floats become float32.

    Raises ValueError for shapes that do not fit together, weights that are not probabilities, or a
    covariance that is not symmetric and positive definite.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor):
        weights, means, covariances = map(torch.as_tensor, (weights, means, covariances))
        k, dim = means.shape if means.dim() == 2 else (None, None)
        if k is None or weights.shape != (k,) or covariances.shape != (k, dim, dim):
            raise ValueError(
                "expected weights [K], means [K, D], covariances [K, D, D], got "
                f"{list(weights.shape)}, {list(means.shape)}, {list(covariances.shape)}"
            )
        if not ((weights > 0).all() and abs(weights.sum().item() - 1) <= 1e-5):
            raise ValueError(f"weights must be positive and sum to 1, got {weights.tolist()}")
        if not means.isfinite().all():
            raise ValueError(f"means must be finite, got {means.tolist()}")
        symmetric = torch.allclose(covariances, covariances.mT)
        if not symmetric or torch.linalg.cholesky_ex(covariances).info.any():
            raise ValueError(
                f"covariances must be symmetric and positive definite, got {covariances.tolist()}; "
                "where a variance is 0, add a little to the diagonal"
            )
        self.weights = weights
        self.means = means
        self.covariances = covariances

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats: [B, D] to [B]."""
        return self._log_joint(x).logsumexp(-1)

    def score(self, x: Tensor) -> Tensor:
        """grad_x log p(x): [B, D] to [B, D].

        sum_k p(k | x) Sigma_k^-1 (m_k - x), the components' scores weighted by their responsibilities.
        """
        responsibility = self._log_joint(x).softmax(-1)
        offset = (self.means - x[..., None, :])[..., None]
        component_scores = (torch.linalg.inv(self.covariances) @ offset)[..., 0]
        return (responsibility[..., None] * component_scores).sum(-2)

    def noised(self, sigma: float) -> "GaussianMixture":
        """The exact density of x + sigma * eps, eps ~ N(0, I): the same mixture, covariances + sigma^2 I.

        Raises ValueError when sigma is negative.
        """
        if not sigma >= 0:
            raise ValueError(f"sigma must not be negative, got {sigma}")
        eye = torch.eye(self.means.shape[1], dtype=self.means.dtype, device=self.means.device)
        return GaussianMixture(self.weights, self.means, self.covariances + sigma**2 * eye)

    def posterior_mean(self, x_tilde: Tensor, sigma: float) -> Tensor:
        """E[x | x_tilde] for x from the mixture and x_tilde = x + sigma * eps: [B, D] to [B, D].

        The best denoiser in squared error, by conditioning each component on x_tilde:
        sum_k p(k | x_tilde) (m_k + Sigma_k (Sigma_k + sigma^2 I)^-1 (x_tilde - m_k)). By Tweedie's formula
        (Robbins, 1956) it equals x_tilde + sigma^2 * noised(sigma).score(x_tilde).

        Raises ValueError when sigma is negative.
        """
        noised = self.noised(sigma)
        responsibility = noised._log_joint(x_tilde).softmax(-1)
        offset = (x_tilde[..., None, :] - self.means)[..., None]
        # A product, not linalg.solve(noised.covariances, offset): its vmapped backward is wrong in PyTorch
        # 2.x where batches broadcast, so torch.func would give a wrong Jacobian.
        shift = self.covariances @ torch.linalg.inv(noised.covariances) @ offset
        means = self.means + shift[..., 0]
        return (responsibility[..., None] * means).sum(-2)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n draws [n, D]; pass a generator for draws that can be repeated."""
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        shape, like = (n, self.means.shape[1], 1), self.means
        noise = torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        factors = torch.linalg.cholesky(self.covariances)
        return self.means[component] + (factors[component] @ noise)[..., 0]

    def _log_joint(self, x: Tensor) -> Tensor:
        components = MultivariateNormal(self.means, self.covariances)
        return self.weights.log() + components.log_prob(x[..., None, :])
