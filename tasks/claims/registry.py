"""Functions of claims, found by the names of their claims in the modules of a package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[F]):
    """One function a claim, in the modules of a package; as a decorator, it registers one.

    The function is named as the claim is, with _ for -.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._functions: dict[str, F] = {}
        self._are_all_imported = False

    def __call__(self, function: F) -> F:
        """Raises ValueError for a second function of one claim."""
        claim_id = function.__name__.replace("_", "-")
        if claim_id in self._functions:
            raise ValueError(f"the claim {claim_id} has two functions in {self._package}")
        self._functions[claim_id] = function
        return function

    def all(self) -> Mapping[str, F]:
        """Every function by claim id."""
        if not self._are_all_imported:
            for module in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._are_all_imported = True
        return self._functions
