"""Plain building blocks: every network in the book is an ``nn.Sequential`` you can print and read.

An encoder maps data to numbers, a decoder maps a code to numbers. Neither knows whether its output is a
code, a mean, a log-variance or logits: the model that holds them says so.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
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

    image_shape: (C, H, W). activation: called after each convolution to make its module.
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

    image_shape: (C, H, W). activation: called before each convolution to make its module.
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


class Conditioned(nn.Module):
    """A network of two arguments, made of plain ones: network(join(inputs(x), condition(c))).

    network: starts with a Linear, which takes both parts flattened and joined, x first.
    inputs, condition: modules applied first, each [B, ...] to [B, ...]; None passes the tensor on as it is.

    A convolutional encoder of images with labels: ``Conditioned(mlp([64 + 10, 200, 2 * d]),
    inputs=conv_encoder(64))``. Symbols, int64 [B, T], need an ``nn.Embedding`` as ``inputs``.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        inputs: nn.Module | None = None,
        condition: nn.Module | None = None,
    ):
        super().__init__()
        self.inputs = nn.Identity() if inputs is None else inputs
        self.condition = nn.Identity() if condition is None else condition
        self.network = network

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Output of ``network`` for inputs x [B, ...] and conditions c [B, ...].

        Raises ValueError as :func:`run_conditional`.
        """
        return run_conditional(self.network, self.inputs(x), self.condition(c))


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
    return _as_images(decoder(z.reshape(-1, z.shape[-1])), z.shape[:-1])


def run_conditional(network: nn.Module, x: Tensor, c: Tensor) -> Tensor:
    """Apply a network to inputs x [B, ...] and their conditions c [B, ...].

    A network that starts with a Linear gets :func:`join` of the two; any other module is called as
    ``network(x, c)``. Raises ValueError for an ``nn.Sequential`` that starts with something else.
    """
    first = _first_layer(network)
    if isinstance(first, nn.Linear):
        return network(join(x, c, first.in_features))
    if isinstance(network, nn.Sequential):
        raise ValueError(
            f"an nn.Sequential that starts with {type(first).__name__} has no place for a condition; "
            "use Conditioned(mlp(...), inputs=network), or a module whose forward takes (x, c)"
        )
    return network(x, c)


def run_conditional_decoder(decoder: nn.Module, z: Tensor, c: Tensor) -> Tensor:
    """Apply a decoder to codes z [..., B, d], each of the B with its own condition c [B, ...].

    Returns [..., B, *data shape]; as in :func:`run_decoder`, 784 numbers become a 28x28 image.
    Raises ValueError as :func:`run_conditional`.
    """
    c = c.expand(*z.shape[:-2], *c.shape).reshape(-1, *c.shape[1:])
    return _as_images(run_conditional(decoder, z.reshape(-1, z.shape[-1]), c), z.shape[:-1])


def join(x: Tensor, c: Tensor, width: int) -> Tensor:
    """Inputs x [B, ...] and conditions c [B, ...], flattened and side by side: [B, width].

    Conditions of integers are labels: each becomes one-hot, with as many classes as ``width`` leaves
    room for. So ``mlp([784 + 10, ...])`` takes images with labels 0 to 9.

    Raises ValueError when the two do not fill ``width``, or a label is out of range.
    """
    if not x.is_floating_point():
        raise ValueError(
            f"x holds {x.dtype} symbols, which a Linear cannot take; "
            "embed them: Conditioned(network, inputs=nn.Embedding(symbols, size))"
        )
    x, c = x.flatten(1), c.reshape(len(c), -1)
    room = width - x.shape[1]
    if c.is_floating_point():
        c = c.to(x.dtype)
    if not c.is_floating_point():
        classes = room // c.shape[1]
        if classes > 0 and room == classes * c.shape[1]:
            return torch.cat([x, _one_hot(c, classes).to(x.dtype).flatten(1)], 1)
    elif room == c.shape[1]:
        return torch.cat([x, c], 1)
    kind = "numbers" if c.is_floating_point() else "labels, each to be one-hot"
    raise ValueError(
        f"the network's first Linear takes {width} values, but an example has {x.shape[1]} and its "
        f"condition {c.shape[1]} {kind}; make that Linear as wide as the two together"
    )


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    low, high = (value.item() for value in labels.aminmax())
    if low < 0 or high >= classes:
        raise ValueError(
            f"labels must lie in 0 to {classes - 1}, got {low if low < 0 else high}; the network has "
            f"room for {classes} classes (rows that are one-hot already must be floating point: c.float())"
        )
    return nn.functional.one_hot(labels.long(), classes)


def _as_images(out: Tensor, leading: torch.Size) -> Tensor:
    """A decoder's output [N, ...] as [*leading, ...], where 784 numbers are an image [1, 28, 28]."""
    event = IMAGE_SHAPE if out.shape[1:] == (math.prod(IMAGE_SHAPE),) else out.shape[1:]
    return out.reshape(*leading, *event)


def _first_layer(network: nn.Module) -> nn.Module:
    """The first module that computes something: containers are looked into, identities are not."""
    if isinstance(network, nn.Sequential) and len(network):
        return _first_layer(network[0])
    return network
