"""Live widgets: a decoder that answers in the reader's browser, in a notebook or in the published page."""

from aecore.live.completion import CompletionExplorer
from aecore.live.conditional import ConditionalExplorer
from aecore.live.contraction import ContractionExplorer
from aecore.live.decoder import SUPPORTED, Decoder, UnsupportedLayerError
from aecore.live.denoising import DenoisingExplorer
from aecore.live.distances import DistanceExplorer
from aecore.live.divergence import KLPlayground
from aecore.live.explorer import LatentExplorer
from aecore.live.flatland import Flatland
from aecore.live.inference import ELBOExplorer, PosteriorExplorer
from aecore.live.interpolator import Interpolator
from aecore.live.reparameterisation import ReparameterisationExplorer
from aecore.live.scorefield import ScoreField
from aecore.live.sparsity import SparsityExplorer

__all__ = [
    "SUPPORTED",
    "CompletionExplorer",
    "ConditionalExplorer",
    "ContractionExplorer",
    "Decoder",
    "DenoisingExplorer",
    "DistanceExplorer",
    "ELBOExplorer",
    "Flatland",
    "Interpolator",
    "KLPlayground",
    "LatentExplorer",
    "PosteriorExplorer",
    "ReparameterisationExplorer",
    "ScoreField",
    "SparsityExplorer",
    "UnsupportedLayerError",
]
