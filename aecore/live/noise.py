"""Frozen noise: the same numbers for the same seed, in Python and in the page (noise.js).

A counter put through the mixing function of Mulberry32 (Tommy Ettinger, 2017, public domain) gives
uniform numbers; two of them make one normal number by Box and Muller (1958). It is for the static
figures of widgets, which must show what the page shows; anything else draws with torch.
"""

import numpy as np


def uniform_noise(seed: int, count: int) -> np.ndarray:
    """Uniform numbers in [0, 1), float64 [count]."""
    index = np.arange(1, count + 1, dtype=np.uint32)
    state = index * np.uint32(0x6D2B79F5) + np.uint32(seed % 2**32)
    mixed = (state ^ (state >> 15)) * (state | 1)
    mixed = mixed ^ (mixed + (mixed ^ (mixed >> 7)) * (mixed | 61))
    return (mixed ^ (mixed >> 14)) / 2**32


def normal_noise(seed: int, count: int) -> np.ndarray:
    """Standard normal numbers, float64 [count]."""
    pairs = uniform_noise(seed, 2 * count).reshape(count, 2)
    return np.sqrt(-2 * np.log1p(-pairs[:, 0])) * np.cos(2 * np.pi * pairs[:, 1])
