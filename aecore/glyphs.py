"""How people write the ten digits: pen strokes, as polylines of equally long steps.

Each digit has three forms, written by a share of the people. The curves were drawn for this book.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import torch

FORMS = 3  # ways of writing each digit, 0 the commonest
VERTICES = 84  # of a polyline: less than a pixel apart in a 28 x 28 image

# Digit, share of the writers, strokes. A stroke is a list of points x,y in hundredths: x to the
# right, y down, the line of writing from -100 to 100. The pen follows a smooth curve through the
# points; at "|" it stops and turns a corner, at ";" it is lifted.
_WRITING = """
0 50%: 22,-96 -24,-92 -60,-45 -66,15 -46,75 2,100 48,72 67,10 54,-60 12,-100 -10,-97
0 30%: 36,-85 -6,-100 -50,-60 -64,10 -36,82 12,98 54,60 66,-5 48,-68 14,-95
0 20%: -24,-90 -60,-40 -60,30 -24,95 30,93 62,40 60,-35 24,-93 -24,-98 -48,-75
1 75%: 2,-100 0,-30 0,40 -2,100
1 20%: -30,-62 -12,-78 4,-100 | 3,-30 0,40 0,100
1  5%: -30,-68 2,-100 | 2,0 0,95 ; -40,97 0,95 42,94
2 45%: -54,-60 -32,-92 5,-100 43,-72 39,-20 0,38 -59,92 | -11,86 27,90 67,88
2 40%: -54,-62 -27,-95 11,-98 43,-62 30,-5 -5,50 -38,90 -59,88 -56,66 -27,62 5,85 38,98 71,80
2 15%: -43,-85 0,-100 39,-80 37,-30 0,30 -38,75 -54,98 | 11,95 59,97
3 60%: -53,-76 -17,-100 28,-92 42,-58 22,-20 -15,-6 | 28,5 53,40 37,80 -2,100 -42,93 -59,70
3 25%: -50,-80 -6,-100 33,-80 31,-40 2,-12 -11,-6 11,-6 46,20 51,60 17,95 -33,97 -61,78
3 15%: -51,-94 -11,-90 44,-96 | 22,-60 -9,-22 | 33,-10 53,30 35,80 -6,100 -55,86
4 50%: -43,-95 -54,-50 -56,-8 | -11,4 34,0 65,-6 ; 47,-90 40,-30 31,40 27,100
4 30%: 29,-100 -11,-45 -63,22 | 0,20 69,16 ; 29,-100 27,-20 22,40 18,100
4 20%: -45,-90 -58,-40 -45,-2 0,2 36,-25 50,-85 | 40,-10 34,50 29,100
5 50%: -32,-95 -37,-60 -45,-16 | -11,-32 28,-22 50,16 41,66 0,98 -43,90 -58,74 ; -32,-95 11,-95
       59,-100
5 30%: 60,-98 16,-94 -27,-90 | -35,-55 -41,-18 -5,-20 35,2 45,42 22,85 -22,100 -60,85
5 20%: 54,-96 11,-98 -27,-80 -39,-40 -11,-10 32,15 41,55 11,92 -32,98 -58,84
6 50%: 29,-100 -11,-65 -40,-10 -49,45 -25,92 18,96 47,60 34,22 -4,20 -43,56
6 30%: 2,-100 -31,-50 -45,10 -38,70 -2,100 38,80 45,36 13,8 -25,26 -40,56
6 20%: 45,-95 0,-80 -38,-30 -47,30 -22,90 22,96 45,62 25,34 -11,40 -29,70
7 70%: -55,-84 -11,-90 53,-94 | 27,-40 2,25 -15,100
7 15%: -55,-66 -48,-90 | 0,-90 53,-94 | 27,-40 6,20 -5,100
7 15%: -53,-88 0,-93 50,-94 | 25,-35 2,30 -13,100 ; -29,6 11,2 48,-4
8 60%: 45,-72 11,-100 -31,-88 -38,-50 0,-12 40,28 45,72 6,100 -38,82 -38,42 0,2 38,-38 47,-76
8 25%: 11,-6 -31,-28 -36,-75 2,-100 38,-75 31,-30 0,-5 -40,30 -40,78 2,100 45,74 38,28 0,-6
8 15%: 50,-90 11,-100 -34,-80 -29,-42 11,-6 40,36 29,86 -9,100 -38,75 -22,30 18,-20 52,-80
9 50%: 42,-66 13,-98 -31,-86 -46,-46 -18,-12 22,-28 44,-70 | 40,-10 31,45 22,100
9 25%: 40,-66 9,-98 -33,-84 -46,-46 -15,-16 24,-32 44,-72 | 44,-10 40,50 7,95 -40,92
9 25%: 44,-78 7,-100 -40,-70 -40,-26 0,-18 35,-50 46,-80 40,-20 22,50 11,100
"""


class Glyphs(NamedTuple):
    """The forms of the ten digits; form f of digit d is row 3 d + f.

    vertices: float64 [30, VERTICES, 2], x to the right and y down, the line of writing from -1 to 1.
    pen: float64 [30, VERTICES - 1], 1 where the pen is down on the way to the next vertex, 0 where it is up.
    reach: float64 [30, 1], how far the hand strays on the way: 1, or less if the form is short.
    share: float32 [10, 3], the share of the people who use each form.
    """

    vertices: torch.Tensor
    pen: torch.Tensor
    reach: torch.Tensor
    share: torch.Tensor


@lru_cache(maxsize=1)
def glyphs():
    """The forms of the ten digits, computed once."""
    vertices, pen, share = [], [], []
    for line in re.split(r"\n(?=\d)", _WRITING.strip()):
        head, strokes = line.split(":")
        share.append(float(head[1:].strip(" %")) / 100)
        curves = [_stroke(text) for text in strokes.split(";")]
        lengths = [_arc(curve)[-1].item() for curve in curves]
        counts = [round(VERTICES * length / sum(lengths)) for length in lengths]
        counts[0] += VERTICES - sum(counts)
        evenly = [_evenly(curve, count) for curve, count in zip(curves, counts, strict=True)]
        vertices.append(torch.cat(evenly))
        down = torch.ones(VERTICES, dtype=torch.float64)
        down[torch.tensor(counts).cumsum(0) - 1] = 0  # the pen is up from one stroke to the next
        pen.append(down[:-1])
    vertices, pen = torch.stack(vertices), torch.stack(pen)
    length = ((vertices[:, 1:] - vertices[:, :-1]).norm(dim=-1) * pen).sum(1, keepdim=True)
    reach = (length / 5).clamp(max=1)
    return Glyphs(vertices, pen, reach, torch.tensor(share, dtype=torch.float32).view(10, FORMS))


def _stroke(text):
    """One pen stroke, densely sampled [M, 2], from its points and corners."""
    pieces, corner = [], []
    for piece in text.split("|"):
        points = corner + [[int(c) / 100 for c in point.split(",")] for point in piece.split()]
        pieces.append(_curve(torch.tensor(points, dtype=torch.float64)))
        corner = points[-1:]
    return torch.cat(pieces)


def _curve(points, samples=32):
    """A smooth curve through points [P, 2]: centripetal Catmull-Rom, as cubic Hermite pieces."""
    span = (points[1:] - points[:-1]).norm(dim=1, keepdim=True).sqrt()
    slope = (points[1:] - points[:-1]) / span
    tangent = torch.cat([slope[:1], slope])
    if len(points) > 2:
        inner = (slope[1:] * span[:-1] + slope[:-1] * span[1:]) / (span[1:] + span[:-1])
        ends = (3 * slope[:1] - inner[:1]) / 2, (3 * slope[-1:] - inner[-1:]) / 2
        tangent = torch.cat([ends[0], inner, ends[1]])
    t = torch.linspace(0, 1, samples, dtype=points.dtype)[:, None, None]
    start, stop = points[:-1], points[1:]
    value = (1 + 2 * t) * (1 - t) ** 2 * start + t**2 * (3 - 2 * t) * stop
    value = value + t * (1 - t) * span * ((1 - t) * tangent[:-1] - t * tangent[1:])
    return value.transpose(0, 1).reshape(-1, 2)


def _arc(curve):
    """Arc length [M] from the start of a curve [M, 2] to each of its points."""
    steps = (curve[1:] - curve[:-1]).norm(dim=1)
    return torch.cat([steps.new_zeros(1), steps.cumsum(0)])


def _evenly(curve, count):
    """`count` points at equal arc length along a dense curve [M, 2]."""
    arc = _arc(curve)
    wanted = torch.linspace(0, arc[-1].item(), count, dtype=arc.dtype)
    right = torch.searchsorted(arc, wanted).clamp(1, len(arc) - 1)
    share = (wanted - arc[right - 1]) / (arc[right] - arc[right - 1]).clamp_min(1e-12)
    return torch.lerp(curve[right - 1], curve[right], share[:, None])
