"""The flows that can be run alone, by the names that the command line and Prefect show."""

from __future__ import annotations

from tasks import BadInput

STAGE_OF_FLOW = {
    "prepare-data": "data",
    "train-models": "train",
    "evaluate-checkpoints": "evaluate",
    "sample-text-to-image": "text_to_image",
    "draw-figures": "figures",
    "render-report": "report",
}


def stage_named(flow_name: str) -> str:
    """The stage a flow runs. BadInput for an unknown name."""
    try:
        return STAGE_OF_FLOW[flow_name]
    except KeyError:
        known = ", ".join(STAGE_OF_FLOW)
        raise BadInput(f"no flow is called {flow_name!r}; expected one of {known}") from None
