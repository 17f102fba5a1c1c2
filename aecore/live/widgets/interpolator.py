"""Interpolator: go from one example to another through the code space and watch the decoder.

Like LatentExplorer it is an ipywidgets slider `jslink`ed to an anywidget view (interpolator.js),
whose traits first, second, t and path are the state, so it works in a saved page that has no
kernel.
"""

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.codes import checked_codes, grey_bytes, image_size
from aecore.live.decoder import Decoder
from aecore.live.examples import named_examples
from aecore.live.fallback import decoded_images, show_picture
from aecore.live.paths import PATHS, interpolate
from aecore.live.view import DecoderView, LiveBox, slider

MOST_EXAMPLES = 24


class _InterpolatorView(DecoderView):
    _esm, _css = assets("interpolator")
    thumbnails = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    marks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    first = traitlets.Int().tag(sync=True)
    second = traitlets.Int().tag(sync=True)
    t = traitlets.Float(0.0).tag(sync=True)
    path = traitlets.Enum(PATHS, default_value=PATHS[0]).tag(sync=True)


class Interpolator(LiveBox):
    """Two examples, the way between their codes, and the decoded image at each point of it.

    decoder: as for `LatentExplorer`. codes: encoded examples [N, d], 2 to 24 of them.
    images: the examples themselves, [N, 1, H, W] or [N, H * W] in [0, 1], for the thumbnails; without them
        the thumbnails are decoded from the codes. labels: int [N]. class_names: by default numbers.
    initial: the two examples (from 0) to begin with. path: "linear" or "spherical" to begin with.
    image_shape, label, dtype: as for `LatentExplorer`.

    Attributes: `view` (traits first, second, t, path) and `slider`, which moves t.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        decoder,
        images=None,
        codes=None,
        labels=None,
        *,
        initial=(0, 1),
        path="linear",
        image_shape=None,
        class_names=None,
        label="Interpolation between two codes",
        dtype="float16",
    ):
        shared = Decoder.of(decoder, dtype=dtype)
        if codes is None:
            raise ValueError("Interpolator needs codes: encode the examples and pass codes=[N, d]")
        codes = checked_codes(codes, shared.latent_dim)
        count = len(codes)
        if not 2 <= count <= MOST_EXAMPLES:
            raise ValueError(f"expected 2 to {MOST_EXAMPLES} examples to choose from, got {count}")
        marks, colours, names = named_examples(labels, count, class_names)
        initial = list(initial)
        if len(initial) != 2 or not all(isinstance(i, int) and 0 <= i < count for i in initial):
            raise ValueError(f"initial must be two examples from 0 to {count - 1}, got {initial}")
        if path not in PATHS:
            raise ValueError(f"path must be one of {PATHS}, got {path!r}")
        shape = image_size(shared.output_shape, image_shape)
        if images is None:
            images = shared.decode(torch.from_numpy(codes))
        view = _InterpolatorView(
            decoder=shared,
            codes=codes.astype("<f4").tobytes(),
            thumbnails=grey_bytes(images, shape, count),
            names=names,
            marks=marks,
            colours=colours,
            image_shape=list(shape),
            label=label,
            first=initial[0],
            second=initial[1],
            path=path,
        )
        self.slider = slider("t", 0, 0, 1, 0.01)
        super().__init__(view, {"t": self.slider}, self.slider)

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        codes = np.frombuffer(view.codes, "<f4").reshape(-1, view.decoder.latent_dim)
        ends = codes[view.first], codes[view.second]
        moments = np.linspace(0, 1, 5)
        frames = decoded_images(
            view.decoder, [interpolate(*ends, t, view.path) for t in moments], view.image_shape
        )
        figure = Figure(figsize=(7.2, 1.75), layout="constrained")
        for axis, t, frame in zip(figure.subplots(1, 5), moments, frames, strict=True):
            show_picture(axis, frame)
            axis.set(xticks=[], yticks=[])
            axis.set_title(f"t = {t:g}", size=9)
        names = view.names[view.first], view.names[view.second]
        return figure, (
            f"Film strip of five decoded images on the {view.path} path from the code of {names[0]} to that "
            f"of {names[1]}, at t = 0, 0.25, 0.5, 0.75 and 1."
        )
