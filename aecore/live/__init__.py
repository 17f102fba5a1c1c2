"""Live widgets: a decoder that answers in the reader's browser, in a notebook or in the published page."""

from aecore.live.decoder import SUPPORTED, Decoder, UnsupportedLayerError
from aecore.live.explorer import LatentExplorer

__all__ = ["SUPPORTED", "Decoder", "LatentExplorer", "UnsupportedLayerError"]
