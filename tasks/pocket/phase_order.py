"""Phases of the pocket model's training as one follows the other; JSON has them by name."""

from __future__ import annotations

ORDER = ("coarse", "whole", "windows", "pictures", "reader", "similarity")
