"""Live widgets: a decoder that answers in the reader's browser, in a notebook or in the published page."""

from aecore.live.decoder import SUPPORTED, Decoder, UnsupportedLayerError
from aecore.live.widgets.completion import CompletionExplorer
from aecore.live.widgets.conditional import ConditionalExplorer
from aecore.live.widgets.contraction import ContractionExplorer
from aecore.live.widgets.denoising import DenoisingExplorer
from aecore.live.widgets.distances import DistanceExplorer
from aecore.live.widgets.divergence import KLPlayground
from aecore.live.widgets.elbo import ELBOExplorer
from aecore.live.widgets.explorer import LatentExplorer
from aecore.live.widgets.flatland import Flatland
from aecore.live.widgets.interpolator import Interpolator
from aecore.live.widgets.posterior import PosteriorExplorer
from aecore.live.widgets.reparameterisation import ReparameterisationExplorer
from aecore.live.widgets.scorefield import ScoreField
from aecore.live.widgets.sparsity import SparsityExplorer

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
