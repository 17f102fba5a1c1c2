"""Plain building blocks: every network in the book is an ``nn.Sequential`` you can print and read.

An encoder maps data to numbers, a decoder maps a code to numbers. Neither knows whether its output is a
code, a mean, a log-variance or logits: the model that holds them says so.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

IMAGE_SHAPE = (1, 28, 28)
"""Shape [C, H, W] of one example in every image set of the book."""


def mlp(sizes: Sequence[int], activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Multi-layer perceptron: Linear, activation, Linear, ..., ending in a plain Linear.

    sizes: widths from input to output, at least two; ``mlp([784, 400, 20])`` has one hidden layer.
    activation: called once per hidden layer to make its module.

    Raises ValueError for fewer than two sizes or a size that is not a positive integer.
    """
    sizes = list(sizes)
    if len(sizes) < 2:
        raise ValueError(f"expected at least an input and an output size, got sizes={sizes}")
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(
                f"every size must be a positive integer, got {size!r} in sizes={sizes}"
            )
    layers: list[nn.Module] = [nn.Linear(sizes[0], sizes[1])]
    for width_in, width_out in pairwise(sizes[1:]):
        layers += [activation(), nn.Linear(width_in, width_out)]
    return nn.Sequential(*layers)


def conv_encoder(
    out_dim: int,
    *,
    image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    channels: Sequence[int] = (16, 32),
    activation: Callable[[], nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Convolutional encoder: images [B, C, H, W] to [B, out_dim].

    Each entry of ``channels`` is one convolution (kernel 4, stride 2, padding 1) that halves height and
    width; a Linear ends it. For a VAE ask for ``out_dim = 2 * latent_dim``.

    Raises ValueError when height or width cannot be halved ``len(channels)`` times.
    """
    height, width = _reduced_size(image_shape, channels)
    layers: list[nn.Module] = []
    for c_in, c_out in pairwise((image_shape[0], *channels)):
        layers += [nn.Conv2d(c_in, c_out, kernel_size=4, stride=2, padding=1), activation()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, out_dim))


def conv_decoder(
    latent_dim: int,
    *,
    image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    channels: Sequence[int] = (32, 16),
    activation: Callable[[], nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Convolutional decoder: codes [B, latent_dim] to logits or means [B, C, H, W].

    The mirror image of :func:`conv_encoder`: a Linear, then one transposed convolution (kernel 4, stride
    2, padding 1) per entry of ``channels``, each doubling height and width. It ends in a plain layer.

    Raises ValueError when height or width cannot be halved ``len(channels)`` times.
    """
    height, width = _reduced_size(image_shape, channels)
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, channels[0] * height * width),
        nn.Unflatten(1, (channels[0], height, width)),
    ]
    for c_in, c_out in zip(channels, (*channels[1:], image_shape[0]), strict=True):
        layers += [
            activation(),
            nn.ConvTranspose2d(c_in, c_out, kernel_size=4, stride=2, padding=1),
        ]
    return nn.Sequential(*layers)


def _reduced_size(image_shape: tuple[int, int, int], channels: Sequence[int]) -> tuple[int, int]:
    _, height, width = image_shape
    factor = 2 ** len(channels)
    if not channels or height % factor or width % factor:
        raise ValueError(
            f"{len(channels)} convolutions of stride 2 need at least one channel count, and a height "
            f"and width divisible by {factor}; got channels={tuple(channels)}, image_shape={image_shape}"
        )
    return height // factor, width // factor


def run_encoder(encoder: nn.Module, x: Tensor) -> Tensor:
    """Apply an encoder to a batch x [B, ...]; flattens each example when the encoder starts with a Linear.

    Raises ValueError when an example has another number of values than that Linear takes.
    """
    first = _first_layer(encoder)
    if not isinstance(first, nn.Linear):
        return encoder(x)
    if x.dim() < 2 or math.prod(x.shape[1:]) != first.in_features:
        raise ValueError(
            f"expected a batch [B, ...] with {first.in_features} values per example, "
            f"got {list(x.shape)}; did you pass a single example without its batch dimension?"
        )
    return encoder(x.flatten(1))


def run_decoder(decoder: nn.Module, z: Tensor) -> Tensor:
    """Apply a decoder to codes z [..., d] with any leading dimensions; returns [..., *data shape].

    A decoder that ends in 784 numbers draws a 28x28 image: its output is returned as [..., 1, 28, 28].

    Raises ValueError when z has another width than the decoder's first Linear takes.
    """
    first = _first_layer(decoder)
    if isinstance(first, nn.Linear) and z.shape[-1] != first.in_features:
        raise ValueError(f"expected codes [..., {first.in_features}], got {list(z.shape)}")
    out = decoder(z.reshape(-1, z.shape[-1]))
    event = IMAGE_SHAPE if out.shape[1:] == (math.prod(IMAGE_SHAPE),) else out.shape[1:]
    return out.reshape(*z.shape[:-1], *event)


def _first_layer(network: nn.Module) -> nn.Module:
    """The first module that computes something: containers are looked into, identities are not."""
    if isinstance(network, nn.Sequential) and len(network):
        return _first_layer(network[0])
    return network
