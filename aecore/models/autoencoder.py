"""Deterministic autoencoders: z = e(x), x_hat = d(z).

Rumelhart, Hinton and Williams (1986), "Learning internal representations by error propagation";
Baldi and Hornik (1989), "Neural networks and principal component analysis", for the linear case.
"""

from torch import Tensor, nn

from aecore.networks import run_decoder, run_encoder


class Autoencoder(nn.Module):
    """An encoder, a decoder and nothing else: ``forward(x) = decode(encode(x))``.

    encoder maps data [B, ...] to a code [B, d]; an encoder that starts with a Linear gets each example
    flattened. decoder maps codes [B, d] back to data. Both stay attributes.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> Tensor:
        """Code z [B, d] of data x [B, ...]."""
        return run_encoder(self.encoder, x)

    def decode(self, z: Tensor) -> Tensor:
        """Reconstruction x_hat of codes z [..., d]; [..., 1, 28, 28] when the decoder gives 784 numbers."""
        return run_decoder(self.decoder, z)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruction x_hat of data x [B, ...], in the shape of x.

        Raises ValueError when the decoder gives another number of values than x has.
        """
        x_hat = self.decode(self.encode(x))
        if x_hat.numel() != x.numel():
            raise ValueError(
                f"the decoder returned {list(x_hat.shape)} for data {list(x.shape)}: "
                "its output must have as many values as its input"
            )
        return x_hat.reshape(x.shape)


class LinearAutoencoder(Autoencoder):
    """One affine layer down, one affine layer up: x_hat = W_d (W_e x + b_e) + b_d.

    data_dim: D. code_dim: d.

    ``decoder.weight`` is [D, d]: its columns span the model's subspace.

    Raises ValueError unless 1 <= code_dim <= data_dim.
    """

    def __init__(self, data_dim: int, code_dim: int):
        if not 1 <= code_dim <= data_dim:
            raise ValueError(
                f"code_dim must lie between 1 and data_dim={data_dim}, got {code_dim}; "
                "a wider linear code can only copy its input"
            )
        super().__init__(nn.Linear(data_dim, code_dim), nn.Linear(code_dim, data_dim))
