"""One file per model family; each opens with its source and the formula it implements."""

from aecore.models.autoencoder import Autoencoder, LinearAutoencoder
from aecore.models.conditional import ConditionalVAE
from aecore.models.sparse import SparseAutoencoder
from aecore.models.vae import ELBO, VAE

__all__ = [
    "ELBO",
    "VAE",
    "Autoencoder",
    "ConditionalVAE",
    "LinearAutoencoder",
    "SparseAutoencoder",
]
