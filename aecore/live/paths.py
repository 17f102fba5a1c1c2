"""Paths between two codes: straight, or along the sphere.

paths.js computes the same in the page; a test holds the two together.
"""

import numpy as np

PATHS = ("linear", "spherical")
_PARALLEL = 1e-4


def interpolate(start, end, t: float, path: str = "linear") -> np.ndarray:
    """The code at t in [0, 1] on the way from `start` to `end`, both [d].

    "linear" is (1 - t) start + t end. "spherical" (Shoemake, 1985) turns the direction at a constant rate
    and changes the length evenly, so it keeps the length when both ends have the same. Where no direction is
    defined (an end at the origin) it is the straight path, and between opposite ends the half circle through
    a fixed third direction.
    """
    if path not in PATHS:
        raise ValueError(f"path must be one of {PATHS}, got {path!r}")
    start, end = np.asarray(start, float), np.asarray(end, float)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if path == "linear" or min(lengths) == 0:
        return (1 - t) * start + t * end
    u, v = start / lengths[0], end / lengths[1]
    length = (1 - t) * lengths[0] + t * lengths[1]
    # From the chord, not from the cosine: exact for small angles as well.
    angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if angle < _PARALLEL:
        direction = (1 - t) * u + t * v
        return length * direction / np.linalg.norm(direction)
    side = v - (u @ v) * u
    if np.pi - angle < _PARALLEL:
        side = _across(u)
    side = side / np.linalg.norm(side)
    return length * (np.cos(t * angle) * u + np.sin(t * angle) * side)


def _across(u: np.ndarray) -> np.ndarray:
    """A vector at right angles to u: the axis that u leans to least, less its part along u."""
    axis = np.zeros_like(u)
    axis[np.argmin(abs(u))] = 1
    return axis - (axis @ u) * u
