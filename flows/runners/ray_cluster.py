"""Steps on the workers of a Ray cluster, through prefect-ray.

On a cluster with GPUs, a step on cuda takes one of them by Ray's own count; elsewhere, one step of
a host computes on its device at a time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from flows.runners.workforce import Workforce
from tasks import BadInput

MAX_RETRIES = 3
"""Of a step whose worker died."""


@contextmanager
def ray_cluster(address: str | None, device: str) -> Iterator[RayCluster]:
    """The cluster at `address`, or one of this machine that ends with the block.

    device: "cpu", "cuda" or "mps". BadInput if no cluster answers there.
    """
    import ray
    from prefect_ray import RayTaskRunner

    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None:
        options["include_dashboard"] = False
        # Two at least: a step on the device, and one beside it. Ray gives each one core for its
        # mathematics; only one at a time does any.
        cores = os.cpu_count() or 1
        options["num_cpus"] = max(cores, 2)
        threads = os.environ.get("OMP_NUM_THREADS", str(cores))
        options["runtime_env"] = {"env_vars": {"OMP_NUM_THREADS": threads}}
    runner = RayTaskRunner(address=address, init_kwargs=options)
    try:
        runner.__enter__()
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"--runner ray{f':{address}' if address else ''}: no Ray cluster answers ({error}); "
            "start one with `ray start --head` and use ray:ray://HOST:10001"
        ) from error
    try:
        yield RayCluster(runner, ray.cluster_resources(), device)
    finally:
        runner.__exit__(None, None, None)


class RayCluster(Workforce):
    """The workers of a Ray cluster. resources: of the cluster, as Ray counts them."""

    def __init__(self, runner: Any, resources: dict[str, float], device: str) -> None:
        super().__init__(runner)
        self._cpus = int(resources.get("CPU", 1))
        self._gpus = int(resources.get("GPU", 0))
        self._hosts = sum(name.startswith("node:") and "__" not in name for name in resources)
        self.grants_devices = device == "cuda" and self._gpus > 0

    def workers(self) -> int:
        return max(1, self._cpus)

    def devices(self) -> int:
        return self._gpus if self.grants_devices else max(1, self._hosts)

    def _asking_for_device(self, is_asked: bool) -> AbstractContextManager[Any]:
        from prefect_ray.context import remote_options

        return remote_options(num_cpus=1, num_gpus=int(is_asked), max_retries=MAX_RETRIES)

    def _future(self, submitted: Any) -> Future[Any]:
        future: Future[Any] = submitted.wrapped_future.future()
        return future
