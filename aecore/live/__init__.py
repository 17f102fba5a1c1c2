"""Live widgets: a decoder that answers in the reader's browser, in a notebook or in the published page."""

from aecore.live.decoder import SUPPORTED, Decoder, UnsupportedLayerError
from aecore.live.explorer import LatentExplorer
from aecore.live.interpolator import Interpolator

__all__ = ["SUPPORTED", "Decoder", "Interpolator", "LatentExplorer", "UnsupportedLayerError"]
