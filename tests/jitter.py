"""Other rounding in the last places, as on another processor: `pytest --jitter`.

The result of each sum below is moved by up to one unit in the last place of the sum of its terms'
magnitudes, that of each curve by one of its own. By how much depends on the operation, the shapes and
the place alone: the same call twice gives the same bits, a row of a batch other bits than the same row
by itself. What is exact stays so: copies, whole numbers, sums of a few binary fractions.
"""

import zlib

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

SUMS = "mm addmm bmm baddbmm mv addmv dot convolution sum mean cumsum"
CURVES = (
    "exp expm1 log log1p tanh sigmoid erf erfinv sin cos acos atan2 gelu silu softplus lgamma "
    "log_sigmoid_forward _softmax _log_softmax logsumexp linalg_vector_norm norm var std prod "
    "tanh_backward sigmoid_backward gelu_backward _softmax_backward_data convolution_backward "
    "linalg_solve_triangular _linalg_solve_ex linalg_inv_ex linalg_cholesky_ex"
)
SUMS, CURVES = set(SUMS.split()), set(CURVES.split())


class Jitter(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out, name = func(*args, **kwargs), func.overloadpacket.__name__
        if name not in SUMS | CURVES or "out" in kwargs:
            return out
        inputs = tree_leaves((args, kwargs))
        if name in SUMS and all(map(is_binary_fraction, filter(is_single_or_double, inputs))):
            return out
        size = tree_map(magnitude, out)
        if name in SUMS:
            size = func(*tree_map(magnitude, args), **kwargs)
        call = [tuple(i.shape) if isinstance(i, torch.Tensor) else i for i in inputs]
        generator = torch.Generator().manual_seed(zlib.crc32(repr((name, call)).encode()))
        return tree_map(lambda result, scale: moved(result, scale, generator), out, size)


def moved(result, size, generator):
    if not is_single_or_double(result):
        return result
    share = 2 * torch.rand(result.shape, generator=generator, dtype=torch.float64) - 1
    move = (torch.finfo(result.dtype).eps * share * size).nan_to_num(0, 0, 0).to(result.dtype)
    return torch.empty_like(result).copy_(result + move)


def magnitude(value):
    return value.abs() if is_single_or_double(value) else value


def is_single_or_double(value) -> bool:
    kept = isinstance(value, torch.Tensor) and value.device.type == "cpu"
    return kept and value.dtype in (torch.float32, torch.float64)


def is_binary_fraction(values) -> bool:
    return bool((1024 * values == (1024 * values).round()).all())
