"""A decoder that travels: a torch module as a list of layers and their weights.

The page has no Python, so the decoder goes with it: `describe` walks an `nn.Sequential` (nested as
it may be), checks that decoder.js knows every layer, and follows the shape of one example through
them. `Decoder` is the widget model that carries the result; it has no view of its own, and all the
views of a page point at one of them, so the weights are sent once. They travel as float16: half the
bytes, for a relative error of 0.05 %.
"""

import hashlib
import json
from math import prod
from typing import ClassVar

import anywidget
import numpy as np
import torch
import traitlets
from torch import nn

from aecore.live.forward import run
from aecore.networks import Conditioned

SUPPORTED = (
    "Linear, ConvTranspose2d, ReLU, LeakyReLU, Tanh, GELU, SiLU, Sigmoid, "
    "Flatten, Unflatten, Identity, Dropout, and nn.Sequential of these"
)
_PLAIN = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.SiLU: "silu", nn.Sigmoid: "sigmoid"}
_NOTHING_TO_DO = (nn.Identity, nn.Dropout)


class UnsupportedLayerError(TypeError):
    """A layer that the in-browser decoder cannot run."""


def decoder_of(model: nn.Module) -> nn.Module:
    """The module that maps a code to pixels: `model` itself, or a model's decoder.

    A model with a Bernoulli likelihood has a decoder that ends in logits; its pixels are their sigmoid.
    A `Conditioned` decoder that applies nothing to code and condition is its network of [z, condition].
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a torch nn.Module as decoder, got {type(model).__name__}")
    inner = getattr(model, "decoder", None)
    if not isinstance(inner, nn.Module):
        return _joined(model)
    inner = _joined(inner)
    if getattr(model, "likelihood", None) == "bernoulli":
        return nn.Sequential(inner, nn.Sigmoid())
    return inner


def _joined(module: nn.Module) -> nn.Module:
    """A `Conditioned` that applies nothing to its two arguments as its network; any other module as it is."""
    if not isinstance(module, Conditioned):
        return module
    for name in ("inputs", "condition"):
        if not isinstance(part := getattr(module, name), nn.Identity):
            raise UnsupportedLayerError(
                f"a Conditioned decoder with {name}={part} does not run in the browser; "
                "use a network that starts with a Linear of code and condition joined"
            )
    return module.network


def _leaves(module: nn.Module, path: str = ""):
    """(path, layer) of each layer that computes, in order."""
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for name, child in module.named_children():
            yield from _leaves(child, f"{path}.{name}" if path else name)
    else:
        yield path, module


def _is(layer: nn.Module, kind: type) -> bool:
    """Whether `layer` computes what `kind` computes (a subclass with its own forward does not)."""
    return isinstance(layer, kind) and type(layer).forward is kind.forward


def _where(index: int, path: str, layer: nn.Module) -> str:
    return f"layer {index} of the decoder ({path or 'the module itself'}: {layer})"


def _linear(layer: nn.Linear, shape, where):
    if shape != (layer.in_features,):
        raise ValueError(
            f"{where} expects {layer.in_features} numbers, but receives shape {list(shape)}; "
            "is an nn.Flatten missing before it?"
        )
    spec = {"type": "linear", "inputs": layer.in_features, "outputs": layer.out_features}
    return spec, (layer.out_features,)


def _conv_transpose(layer: nn.ConvTranspose2d, shape, where):
    if layer.groups != 1 or layer.dilation != (1, 1):
        raise UnsupportedLayerError(
            f"{where}: groups={layer.groups} and dilation={layer.dilation} do not run in the "
            "browser; use groups=1 and dilation=1"
        )
    if len(shape) != 3 or shape[0] != layer.in_channels:
        raise ValueError(
            f"{where} expects [{layer.in_channels}, H, W], but receives shape {list(shape)}; "
            "is an nn.Unflatten missing before it?"
        )
    size = shape[1:]
    geometry = zip(
        size, layer.stride, layer.padding, layer.kernel_size, layer.output_padding, strict=True
    )
    out = tuple((n - 1) * s - 2 * p + k + extra for n, s, p, k, extra in geometry)
    spec = {
        "type": "conv_transpose",
        "channels": [layer.in_channels, layer.out_channels],
        "size": list(size),
        "outSize": list(out),
        "kernel": list(layer.kernel_size),
        "stride": list(layer.stride),
        "padding": list(layer.padding),
        "extra": list(layer.output_padding),
    }
    return spec, (layer.out_channels, *out)


def _activation(layer: nn.Module):
    """Specification of an activation, or None if the layer is none that decoder.js knows."""
    for kind, name in _PLAIN.items():
        if _is(layer, kind):
            return {"type": name}
    if _is(layer, nn.LeakyReLU):
        return {"type": "leaky_relu", "slope": layer.negative_slope}
    if _is(layer, nn.GELU):
        return {"type": "gelu_tanh" if layer.approximate == "tanh" else "gelu"}
    return None


def _reshaped(layer: nn.Module, shape, where):
    """Shape of one example after a Flatten or an Unflatten (None if the layer is neither)."""
    if not (_is(layer, nn.Flatten) or _is(layer, nn.Unflatten)):
        return None
    try:
        return tuple(layer(torch.zeros(1, *shape)).shape[1:])
    except RuntimeError as error:
        raise ValueError(f"{where} cannot take shape {list(shape)}: {error}") from error


def _code_width(leaves) -> int:
    """Numbers in one code: what the first layer that fixes a size expects."""
    for _, layer in leaves:
        if _is(layer, nn.Linear):
            return layer.in_features
        if _is(layer, nn.Unflatten):
            return prod(layer.unflattened_size)
    raise ValueError(
        "cannot tell the code's length: the decoder has no nn.Linear or nn.Unflatten to start with"
    )


def describe(model: nn.Module) -> tuple[list[dict], list[torch.Tensor], int, tuple[int, ...]]:
    """What decoder.js needs to know of a decoder.

    model: a decoder, or a model with a `decoder` (see `decoder_of`).
    Returns (layers, tensors, latent_dim, shape): the specification of each layer that computes, their
    weights in that order, the length d of a code and the shape of one output.
    Raises UnsupportedLayerError for a layer that decoder.js does not know, ValueError for shapes that
    do not fit.
    """
    leaves = list(_leaves(decoder_of(model)))
    latent_dim = _code_width(leaves)
    shape: tuple[int, ...] = (latent_dim,)
    layers, tensors = [], []
    for index, (path, layer) in enumerate(leaves):
        where = _where(index, path, layer)
        if (reshaped := _reshaped(layer, shape, where)) is not None:
            shape = reshaped
        elif activation := _activation(layer):
            layers.append(activation)
        elif _is(layer, nn.Linear) or _is(layer, nn.ConvTranspose2d):
            read = _linear if _is(layer, nn.Linear) else _conv_transpose
            spec, shape = read(layer, shape, where)
            layers.append({**spec, "bias": layer.bias is not None})
            tensors += [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        elif not any(_is(layer, kind) for kind in _NOTHING_TO_DO):
            raise UnsupportedLayerError(
                f"{where} does not run in the browser. Supported: {SUPPORTED}."
            )
    return layers, tensors, latent_dim, shape


def pack(tensors: list[torch.Tensor], dtype: str = "float16") -> bytes:
    """Little-endian bytes of the tensors, one after another, in `dtype` ("float16" or "float32").

    Raises ValueError for another dtype, for NaN or infinity, and for a weight beyond the range of float16.
    """
    if dtype not in ("float16", "float32"):
        raise ValueError(f'dtype must be "float16" or "float32", got {dtype!r}')
    parts = []
    for number, tensor in enumerate(tensors):
        values = tensor.detach().to("cpu", torch.float32).numpy().ravel()
        if not np.isfinite(values).all():
            raise ValueError(
                f"weight tensor {number} of the decoder, shape {list(tensor.shape)}, holds NaN or infinity; "
                "did the training diverge?"
            )
        if dtype == "float16" and values.size and abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(
                f"a weight of {abs(values).max():.3g} does not fit float16; pass dtype='float32'"
            )
        parts.append(values.astype(np.dtype(dtype).newbyteorder("<")))
    return np.concatenate(parts).tobytes() if parts else b""


class Decoder(anywidget.AnyWidget):
    """Widget model of a decoder: no view, only what decoder.js needs. Make it with `Decoder.of`."""

    _esm = "export default {};"
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    dtype = traitlets.Unicode("float16").tag(sync=True)
    latent_dim = traitlets.Int().tag(sync=True)
    output_shape = traitlets.List(traitlets.Int()).tag(sync=True)

    _made: ClassVar[dict[bytes, "Decoder"]] = {}

    @classmethod
    def of(cls, model: "nn.Module | Decoder", *, dtype: str = "float16") -> "Decoder":
        """The decoder widget of a module; the same one for the same layers and weights.

        model: from codes [B, d], of the layers in `aecore.live.SUPPORTED`. dtype: of the weights that travel,
        "float16" or "float32". Raises UnsupportedLayerError, TypeError or ValueError for another.
        """
        if isinstance(model, cls):
            return model
        layers, tensors, latent_dim, shape = describe(model)
        weights = pack(tensors, dtype)
        key = hashlib.sha256(json.dumps([layers, dtype, latent_dim]).encode() + weights).digest()
        made = cls._made.get(key)
        if made is None or made.comm is None:
            made = cls._made[key] = cls(
                layers=layers,
                weights=weights,
                dtype=dtype,
                latent_dim=latent_dim,
                output_shape=list(shape),
            )
        return made

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Images that the page will draw: codes [B, d] to [B, *output_shape], by the weights that travel."""
        return self.run(codes.detach()).reshape(-1, *self.output_shape)

    def run(self, codes: torch.Tensor) -> torch.Tensor:
        """The same, flat [B, D], and differentiable with respect to the codes."""
        return run(self.layers, self.weights, self.dtype, codes)
