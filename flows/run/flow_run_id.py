"""Runs that Prefect started go by the id of their flow run, so that one is found from the other."""

from __future__ import annotations

from prefect.runtime import flow_run

from flows.run.run_request import RunRequest


def with_flow_run_id(request: RunRequest) -> RunRequest:
    """`request` with an id: its own if it has one, else that of the flow run that asks."""
    if request.run_id or not flow_run.id:
        return request
    return request.model_copy(update={"run_id": flow_run.id})
