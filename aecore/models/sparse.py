"""A sparse autoencoder of one layer each way: a dictionary of unit vectors and a ReLU code.

Olshausen and Field (1996), "Emergence of simple-cell receptive field properties by learning a sparse code
for natural images", for the dictionary;
Ng (2011), "Sparse autoencoder", for an encoder in place of a search.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from aecore.models.autoencoder import Autoencoder


class UnitColumns(nn.Module):
    """A parametrisation that divides each column of a matrix [D, d] by its Euclidean norm."""

    def forward(self, weight: Tensor) -> Tensor:
        """The matrix [D, d] with columns of norm 1."""
        return weight / weight.norm(dim=0)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """What is stored when a matrix is assigned: the matrix itself."""
        return weight


class SparseAutoencoder(Autoencoder):
    """z = relu(W_e x + b_e), x_hat = W_d z + b_d, with columns of norm 1 in W_d.

    The norm is fixed because z / c and c W_d reconstruct the same: a penalty on z alone would be escaped.
    The penalty itself belongs to the objective, see ``aecore.objectives.l1_penalty``.

    data_dim: D. code_dim: d, which may exceed D.

    ``decoder.weight`` is [D, d]: one feature per column. The encoder begins as its transpose, W_e = W_d^T,
    with biases 0. Raises ValueError for a size below 1.
    """

    def __init__(self, data_dim: int, code_dim: int):
        for name, size in (("data_dim", data_dim), ("code_dim", code_dim)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        encoder, decoder = nn.Linear(data_dim, code_dim), nn.Linear(code_dim, data_dim)
        parametrize.register_parametrization(decoder, "weight", UnitColumns())
        with torch.no_grad():
            encoder.weight.copy_(decoder.weight.T)
            encoder.bias.zero_()
            decoder.bias.zero_()
        super().__init__(nn.Sequential(encoder, nn.ReLU()), decoder)
