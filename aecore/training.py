"""One training loop for every model in the book.

The whole data set is one tensor on the device and a batch is an index into a permutation: at the sizes of
this book that is several times faster than a DataLoader, which copies and collates example by example.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from aecore.data import ImageSet


@contextlib.contextmanager
def _denormals_flushed():
    """Round denormal floats to zero inside the block: they slow Adam down epoch by epoch on a CPU.

    The setting belongs to a thread, so the caller's arithmetic is as it was afterwards.
    """
    already = (torch.full((1,), 1e-39) * 1.0).item() == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(already)


# PyTorch's worker threads inherit the setting when the first large operation starts them, hence here.
with _denormals_flushed():
    torch.ones(2**18).mul_(0.5)


@dataclass
class History:
    """What happened in training.

    loss: the mean objective of each epoch. seconds: the time that each epoch took.
    """

    loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class DivergenceError(RuntimeError):
    """The loss, or a weight, became NaN or infinite."""


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """The device to compute on: the argument, else ``$AECORE_DEVICE``, else CUDA if present, else the CPU.

    Raises ValueError when a CUDA device is asked for and there is none, or the name is unknown.
    """
    asked = device if device is not None else os.environ.get("AECORE_DEVICE") or None
    if asked is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(asked)
    except RuntimeError as error:
        raise ValueError(f"unknown device {asked!r}; try 'cpu' or 'cuda'") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {asked!r} was asked for, but PyTorch sees no CUDA GPU; use 'cpu'")
    return chosen


def budget(*, cpu, gpu):
    """``cpu`` or ``gpu``, by the device in use: the same cell, with a larger budget where it is cheap.

    Raises ValueError as `pick_device`, when ``$AECORE_DEVICE`` names a device that is not there.
    """
    return cpu if pick_device().type == "cpu" else gpu


def fit(
    model: nn.Module,
    data: ImageSet | Tensor | tuple[Tensor, ...],
    objective: Callable[..., Tensor],
    *,
    epochs: int,
    batch_size: int = 128,
    lr: float = 1e-3,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Minimise the mean of ``objective`` over ``data`` with Adam (Kingma and Ba, 2014, arXiv:1412.6980).

    model: left on ``device`` in eval mode.
    data: an ImageSet, of which only the images are taken, or a tensor [N, ...], or a tuple of tensors that
    travel together, such as (images, labels).
    objective: ``objective(model, batch) -> [B]``, one loss per example; only here is it averaged. It gets
    one batch for each tensor of a tuple: ``objective(model, x, c)``.
    epochs: passes over the data. batch_size: examples a step; the last step of an epoch may have fewer.
    lr: Adam's learning rate. progress: whether to show a bar.
    device: as in `pick_device`, by default a GPU where there is one.
    seed: fixes the order of the examples and the model's own noise; the global random state is put back
    afterwards.

    Returns the mean loss and the time of each epoch. Ctrl-C stops early and returns the history so far.
    Raises ValueError for bad arguments or an objective that does not return [B], and DivergenceError
    naming epoch, step and learning rate when the loss stops being finite, or a weight at the end is not.
    """
    _check_arguments(epochs, batch_size, lr)
    device = pick_device(device)
    tensors = [tensor.to(device) for tensor in _as_tensors(data)]
    n = len(tensors[0])
    parameters = [p for p in model.to(device).parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("the model has no parameter that requires a gradient: nothing to fit")
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=device.type in ("cpu", "cuda"))
    history = History()
    model.train()
    with (
        torch.random.fork_rng(_cuda_index(device)),
        _denormals_flushed(),
        _bar(epochs, progress) as bar,
    ):
        _seed(seed, device)
        try:
            for epoch in range(epochs):
                start = time.perf_counter()
                sums = []
                for index in torch.randperm(n, device=device).split(batch_size):
                    losses = objective(model, *(tensor[index] for tensor in tensors))
                    _check_losses(losses, len(index))
                    optimizer.zero_grad(set_to_none=True)
                    losses.mean().backward()
                    optimizer.step()
                    sums.append(losses.detach().sum())
                history.loss.append(_epoch_mean(sums, n, epoch, lr))
                history.seconds.append(time.perf_counter() - start)
                bar.set_postfix(loss=f"{history.loss[-1]:.4g}", refresh=False)
                bar.update()
            _check_parameters(parameters, lr)
        except KeyboardInterrupt:
            print(f"Stopped by you after {len(history.loss)} of {epochs} epochs.")
        finally:
            model.eval()
    return history


def _bar(epochs: int, show: bool) -> tqdm:
    """A progress bar; ``$TQDM_DISABLE``, which the book's build sets, silences it whatever ``show`` says.

    tqdm's notebook bar does not read that variable itself.
    """
    silent = os.environ.get("TQDM_DISABLE", "") not in ("", "0")
    return tqdm(total=epochs, unit="epoch", disable=silent or not show)


def _epoch_mean(sums: list[Tensor], n: int, epoch: int, lr: float) -> float:
    """Mean loss of an epoch, read from the device once; DivergenceError if a step's is not finite."""
    steps = torch.stack(sums).double().cpu()
    if not steps.isfinite().all():
        step = int((~steps.isfinite()).nonzero()[0])
        raise DivergenceError(
            f"the loss became {steps[step].item()} in epoch {epoch + 1}, step {step + 1}, "
            f"with learning rate {lr:g}; try a smaller learning rate, and check the data for NaN"
        )
    return steps.sum().item() / n


def _as_tensors(data: ImageSet | Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    parts = data if isinstance(data, tuple) and data else (data,)
    tensors = tuple(part.images if isinstance(part, ImageSet) else part for part in parts)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise ValueError(
                "data must be an ImageSet, a tensor [N, ...] or a tuple of tensors, "
                f"got {type(tensor).__name__}"
            )
    examples = tensors[0]
    if examples.dim() < 2 or len(examples) == 0:
        raise ValueError(
            f"data must be a non-empty tensor [N, ...], got shape {list(examples.shape)}"
        )
    for tensor in tensors[1:]:
        if tensor.dim() == 0 or len(tensor) != len(examples):
            raise ValueError(
                f"tensors that travel together need one length, got {len(examples)} examples "
                f"beside {list(tensor.shape)}"
            )
    return tuple(tensor.detach() for tensor in tensors)


def _check_arguments(epochs: int, batch_size: int, lr: float) -> None:
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value!r}")
    if not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"lr must be positive and finite, got {lr!r}")


def _check_losses(losses: Tensor, batch: int) -> None:
    shape = list(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
    if shape != [batch]:
        raise ValueError(
            f"the objective must return one loss per example, [{batch}], got {shape}; "
            "sum over dimensions, but leave the mean over the batch to fit"
        )


def _check_parameters(parameters: list[Tensor], lr: float) -> None:
    """A finite loss may have a gradient that is not: DivergenceError when a weight ends up so."""
    if not all(bool(p.isfinite().all()) for p in parameters):
        raise DivergenceError(
            f"a weight became NaN or infinite although the loss is finite, with learning rate {lr:g}; "
            "look for a square root, a logarithm or a division at 0 in the objective"
        )


def _seed(seed: int, device: torch.device) -> None:
    """Seed the generators that are put back afterwards, and no others."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _cuda_index(device: torch.device) -> list[int]:
    if device.type != "cuda":
        return []
    return [device.index if device.index is not None else torch.cuda.current_device()]
