"""The forward pass of decoder.js, in torch: what a page will draw, computed from what travels to it.

The static figures of the widgets use it, so that they show the very weights of the live view even
if the module has been trained on since.
"""

from math import prod

import numpy as np
import torch
from torch.nn import functional as F

_ACTIVATIONS = {
    "relu": lambda x, layer: F.relu(x),
    "leaky_relu": lambda x, layer: F.leaky_relu(x, layer["slope"]),
    "tanh": lambda x, layer: torch.tanh(x),
    "sigmoid": lambda x, layer: torch.sigmoid(x),
    "silu": lambda x, layer: F.silu(x),
    "gelu": lambda x, layer: F.gelu(x),
    "gelu_tanh": lambda x, layer: F.gelu(x, approximate="tanh"),
}


def run(layers: list[dict], weights: bytes, dtype: str, codes: torch.Tensor) -> torch.Tensor:
    """Codes [B, d] to flat outputs [B, D], from the layer list and weight bytes of `aecore.live.decoder`."""
    numbers = np.frombuffer(weights, np.dtype(dtype).newbyteorder("<")).astype(np.float32)
    rest = torch.from_numpy(numbers)

    def take(*shape):
        nonlocal rest
        taken, rest = rest[: prod(shape)], rest[prod(shape) :]
        return taken.reshape(shape)

    x = codes.to("cpu", torch.float32)
    for layer in layers:
        if layer["type"] == "linear":
            weight = take(layer["outputs"], layer["inputs"])
            x = F.linear(x, weight, take(layer["outputs"]) if layer["bias"] else None)
        elif layer["type"] == "conv_transpose":
            weight = take(*layer["channels"], *layer["kernel"])
            bias = take(layer["channels"][1]) if layer["bias"] else None
            image = x.reshape(-1, layer["channels"][0], *layer["size"])
            steps = layer["stride"], layer["padding"], layer["extra"]
            x = F.conv_transpose2d(image, weight, bias, *steps).flatten(1)
        else:
            x = _ACTIVATIONS[layer["type"]](x, layer)
    return x
