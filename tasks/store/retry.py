"""Trying again what fails in passing: a bounded number of times, and told by name in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from tasks.store.errors import StoreUnavailable

Result = TypeVar("Result")

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds after each try but the last, give or take a quarter: enough for a service that throttles
or is started again, and short enough to wait for."""


def with_retries(
    what: str, do: Callable[[], Result], name_if_passing: Callable[[Exception], str | None]
) -> Result:
    """`do`, again while it fails in passing.

    what: the address and what is done there. name_if_passing: what an exception is called if the
    next try may go well, else None; such an exception goes on as it is. StoreUnavailable after the
    last try.
    """
    began = time.monotonic()
    for wait in (*WAITS, None):
        try:
            return do()
        except Exception as error:
            name = name_if_passing(error)
            if name is None:
                raise
            if wait is None:
                seconds = time.monotonic() - began
                raise StoreUnavailable(
                    f"{what} failed after {len(WAITS) + 1} tries over {seconds:.0f} s: {name}; "
                    f"nothing recorded was lost, run again once it answers"
                ) from error
            time.sleep(wait * random.uniform(0.75, 1.25))
    raise AssertionError("the last try returns or raises")
