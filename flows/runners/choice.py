"""What `--runner` says: which engine computes the steps, and where.

threads          threads of this process: one a place on the device, and one beside them
threads:N        N threads of this process
dask             a Dask cluster of this machine, started for the run
dask:ADDRESS     one that is there, such as dask:tcp://10.0.0.5:8786
ray              a Ray cluster of this machine, started for the run
ray:ADDRESS      one that is there, such as ray:ray://10.0.0.5:10001
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

from flows.serve.addresses import is_loopback
from tasks import BadInput

DEFAULT = "threads"

PATTERN = r"^(threads(:[1-9][0-9]{0,2})?|(dask|ray)(:\S+)?)$"
HELP = "Where steps are computed: threads, threads:N, dask, dask:ADDRESS, ray or ray:ADDRESS."

_MODULES = {"dask": ("prefect_dask", "distributed"), "ray": ("prefect_ray", "ray")}


@dataclass(frozen=True)
class RunnerChoice:
    """threads: how many, for that engine; 0 leaves it to the profile. address: of a cluster that is
    there; None starts one."""

    engine: Literal["threads", "dask", "ray"]
    threads: int = 0
    address: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether steps are computed by other processes."""
        return self.engine != "threads"

    @property
    def is_elsewhere(self) -> bool:
        """Whether the cluster may have workers on other machines."""
        if self.address is None:
            return False
        address = self.address if "://" in self.address else f"//{self.address}"
        return not is_loopback(urlsplit(address).hostname or "")


def parse_runner(text: str) -> RunnerChoice:
    """Raises BadInput for anything but the six forms above, and for an engine not installed."""
    if not re.fullmatch(PATTERN, text):
        raise BadInput(
            f"--runner {text}: expected threads, threads:N with N from 1 to 999, dask, "
            "dask:ADDRESS, ray or ray:ADDRESS"
        )
    name, _, rest = text.partition(":")
    if name == "threads":
        return RunnerChoice("threads", threads=int(rest or 0))
    missing = [module for module in _MODULES[name] if importlib.util.find_spec(module) is None]
    if missing:
        raise BadInput(
            f"--runner {text}: {missing[0]} is not installed; pip install "
            f"'diffusion-darkroom[{name}]', or in its folder pip install -e '.[{name}]'"
        )
    return RunnerChoice(cast(Literal["dask", "ray"], name), address=rest or None)
