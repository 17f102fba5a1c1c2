"""One small example of every live widget, the same each time it is made."""

import torch
from live_page import make_decoder
from torch import nn

from aecore import live, networks
from aecore.exact import GaussianMixture
from aecore.objectives import soft_threshold

CODES = torch.randn(300, 2, generator=torch.Generator().manual_seed(1))  # encoded data
LABELS = torch.arange(300) % 10
PENALTIES = [0.0, 0.1, 0.5]
UNITS = 20
TOP = torch.arange(28)[:, None].expand(28, 28) < 14  # the pixels that a completion is given


def latent() -> live.LatentExplorer:
    """A plane with its grid of four by four images."""
    return live.LatentExplorer(
        make_decoder(), CODES, LABELS, z=(0.5, -1), centre=(0, 0), extent=3, cells=4
    )


def interpolator() -> live.Interpolator:
    """Ten examples, on the decoder of `latent`."""
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    return live.Interpolator(make_decoder(), images, CODES[:10], LABELS[:10], initial=(2, 7))


def conditional(latent_dim=2, classes=10, **options) -> live.ConditionalExplorer:
    """A conditional decoder, of classes that are counted or named."""
    torch.manual_seed(0)
    count = classes if isinstance(classes, int) else len(classes)
    net = networks.mlp([latent_dim + count, 200, 784], nn.Tanh)
    return live.ConditionalExplorer(
        nn.Sequential(net, nn.Sigmoid()), classes, latent_dim=latent_dim, **options
    )


def completion() -> live.CompletionExplorer:
    """Six images of slanted bars, whose lower half a decoder makes up from the upper one."""
    torch.manual_seed(0)
    net = networks.mlp([4 + 392, 64, 392], nn.Tanh)
    with torch.no_grad():  # so that z and each visible pixel tell
        net[0].weight.mul_(4)
        net[-1].weight.mul_(4)
    rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    images = torch.stack([((columns - 8 - k - rows / 4).abs() < 2).float()[None] for k in range(6)])
    labels = torch.arange(6) + 3
    return live.CompletionExplorer(
        nn.Sequential(net, nn.Sigmoid()), images, TOP, latent_dim=4, labels=labels
    )


def contraction() -> live.ContractionExplorer:
    """Two untrained encoders and four images of noise, with directions drawn at random."""
    torch.manual_seed(0)
    encoders = {
        "plain": nn.Sequential(nn.Linear(784, 16), nn.Tanh(), nn.Linear(16, 4)),
        "contractive": nn.Sequential(nn.Linear(784, 8), nn.Sigmoid()),
    }
    images, tangents, normals = (
        torch.rand(4, 1, 28, 28),
        nn.functional.normalize(torch.randn(4, 3, 784), dim=-1),
        nn.functional.normalize(torch.randn(4, 784), dim=-1),
    )
    return live.ContractionExplorer(
        encoders, images, tangents, normals, along=1.5, across=1.0, dtype="float32"
    )


def denoising() -> live.DenoisingExplorer:
    """An untrained denoiser and three images of noise."""
    torch.manual_seed(0)
    denoiser = nn.Sequential(networks.mlp([784, 40, 784]), nn.Sigmoid())
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    return live.DenoisingExplorer(denoiser, images, [7, 8, 0], std=0.3, seed=2, trained=(0.2, 0.4))


def scorefield() -> live.ScoreField:
    """Three Gaussians in the plane, and an untrained denoiser."""
    torch.manual_seed(0)
    means = torch.tensor([[-1.5, 0.0], [1.0, 1.0], [1.0, -1.0]])
    covariances = torch.tensor([[0.05, 0.6], [0.3, 0.1], [0.2, 0.2]]).diag_embed()
    mixture = GaussianMixture(torch.tensor([0.5, 0.3, 0.2]), means, covariances)
    points = mixture.sample(50, generator=torch.Generator().manual_seed(0))
    denoiser = networks.mlp([3, 16, 2], nn.SiLU)
    return live.ScoreField(mixture, denoiser=denoiser, points=points, at=(0.5, 2), step=0)


def sparsity() -> live.SparsityExplorer:
    """Three linear decoders of 20 units on a grey ground; fewer and fewer of the units are active."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    decoders = [nn.Linear(UNITS, 784) for _ in PENALTIES]
    for decoder in decoders:
        decoder.bias.data.fill_(0.4)
    raw = torch.randn(3, UNITS, generator=generator)
    codes = torch.stack([soft_threshold(raw, level) for level in (0.1, 0.8, 1.5)])
    rates = (codes != 0).float().mean(1)
    images = torch.rand(3, 1, 28, 28, generator=generator)
    return live.SparsityExplorer(PENALTIES, decoders, codes, images, rates=rates, labels=[3, 8, 1])


# Every widget that `aecore.live` has, and forms of some that look otherwise.
MAKERS = {
    "LatentExplorer": latent,
    "Interpolator": interpolator,
    "ConditionalExplorer": lambda: conditional(codes=CODES, labels=LABELS, z=(0.5, -1), chosen=3),
    "ConditionalExplorer, six sliders": lambda: conditional(latent_dim=6),
    "CompletionExplorer": completion,
    "ContractionExplorer": contraction,
    "DenoisingExplorer": denoising,
    "ScoreField": scorefield,
    "SparsityExplorer": sparsity,
    "DistanceExplorer": lambda: live.DistanceExplorer(dimension=2, thickness=0.05),
    "Flatland": live.Flatland,
    "Flatland, cube": lambda: live.Flatland(solid="cube", height=0.4),
    "KLPlayground": live.KLPlayground,
    "PosteriorExplorer": live.PosteriorExplorer,
    "ELBOExplorer": live.ELBOExplorer,
    "ReparameterisationExplorer": live.ReparameterisationExplorer,
}
