"""All checks, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.upkeep.doctor.declared import (
    check_data,
    check_declaration,
    check_hub,
    check_models,
    check_token,
)
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.doctor.machine import (
    check_device,
    check_disk,
    check_libraries,
    check_memory,
    check_store,
)
from flows.upkeep.doctor.prefect_runs import check_api, check_runs, prefect_address
from flows.upkeep.doctor.processes import Process, check_servers, list_processes
from tasks import BadInput
from tasks.store.store import Store


def examine(
    store: Store,
    declaration_file: str,
    data_root: str | None,
    *,
    fix: bool = False,
    processes: Sequence[Process] | None = None,
) -> list[Finding]:
    """fix: end servers and mark runs that a kill has left. processes: of this user; those of this
    host if None."""
    processes = list_processes() if processes is None else processes
    declared, declaration = check_declaration(declaration_file)
    return [
        *check_libraries(),
        check_device(),
        check_memory(),
        check_disk(store),
        check_store(store),
        declared,
        *check_data(declaration, data_root),
        *check_models(declaration, Path(declaration_file).absolute().parent),
        check_token(),
        check_hub(),
        *_check_prefect(processes, fix),
    ]


def _check_prefect(processes: Sequence[Process], fix: bool) -> list[Finding]:
    servers = check_servers(processes, fix=fix)
    try:
        address = prefect_address()
    except BadInput as error:
        return [Finding("Prefect", "problem", str(error)), servers]
    except Exception as error:  # a library that does not fit
        text = f"cannot be used ({type(error).__name__}: {error})".splitlines()[0]
        return [Finding("Prefect", "problem", text), servers]
    api = check_api(address)
    if api.is_wrong:
        return [api, servers]
    return [api, servers, check_runs(address, processes, fix=fix)]
