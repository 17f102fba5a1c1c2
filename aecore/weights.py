"""Saving and loading weights with safetensors: plain arrays with names, so a file can never run code.

Pickle-based checkpoints execute what they contain on loading; these do not.
"""

import os
from pathlib import Path

import torch
from torch import nn


def save(model: nn.Module, path: str | os.PathLike) -> Path:
    """Write the model's state to ``path`` (safetensors); an existing file is replaced in one step.

    Raises FileNotFoundError when the folder does not exist. A failure leaves no partial file behind.
    """
    from safetensors.torch import save_file

    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save to {path}: the folder {path.parent} does not exist")
    state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        save_file(state, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load(model: nn.Module, path: str | os.PathLike) -> nn.Module:
    """Read the weights that :func:`save` wrote to ``path`` into ``model``, on its own device; returns it.

    Nothing is changed unless everything fits. Raises FileNotFoundError when there is no such file, and
    ValueError naming what differs when names or shapes do not match, or the file is not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; save(model, path) writes them")
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a complete safetensors file: {error}") from error
    _check_match(state, model.state_dict(), path)
    model.load_state_dict(state)
    return model


def _check_match(found: dict, expected: dict, path: Path) -> None:
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    if missing or extra:
        raise ValueError(
            f"{path} belongs to another model: missing {sorted(missing)}, not expected {sorted(extra)}"
        )
    for name, value in expected.items():
        if found[name].shape != value.shape:
            raise ValueError(
                f"{path}: {name} has shape {list(found[name].shape)}, the model needs {list(value.shape)}"
            )
        if found[name].is_floating_point() and not torch.isfinite(found[name]).all():
            raise ValueError(
                f"{path}: {name} holds NaN or infinity; the training that wrote it diverged"
            )
