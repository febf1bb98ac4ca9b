"""The UCI digits as arrays, without a store."""

from __future__ import annotations

import functools

import numpy as np
from sklearn.datasets import load_digits

from tasks.data.datasets import enlarge_digit


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images [1797, 28, 28] uint8 and labels [1797] int64."""
    scans = load_digits()
    return np.stack([enlarge_digit(scan) for scan in scans.images]), scans.target.astype(np.int64)
