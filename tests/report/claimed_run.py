"""A store with the record of a run that checked claims, and the artifacts of the checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tasks.running.step import table_to_bytes
from tasks.store.row import Row
from tasks.store.store import Store
from tests.report.made_up_run import TIME, key_of

HELD = {
    "verdict": "holds",
    "because": "the error falls from 0.02 to 0.01",
    "numbers": ["error"],
    "seeds": 3,
    "intervals": [
        {"of": "the fall", "low": 0.005, "high": 0.015, "level": 0.95, "resamples": 2000, "seed": 7}
    ],
}
FAILED = {**HELD, "verdict": "does not hold here", "because": "it <b>rises</b>", "intervals": []}
OPEN = {
    "verdict": "not measurable here",
    "because": "there is a single seed",
    "numbers": [],
    "seeds": 0,
    "intervals": [],
}
UNCHECKED = None


def record_claims(
    store: Store,
    pipeline: str,
    claims: Mapping[str, Mapping[str, Mapping[str, Any] | None]],
    claim: str = "It gets better.",
) -> None:
    """claims: write-up to claim to the info of its check, None for one whose input failed."""
    nodes = [node("train/m", "train", "failed", {})]
    texts = []
    for writeup, found in claims.items():
        for claim_id, info in found.items():
            name = f"claim/{writeup}/{claim_id}"
            nodes.append(node(name, "claim", "done" if info else "skipped", {"input_0": "train/m"}))
            texts.append(
                {
                    "id": claim_id,
                    "writeup": writeup,
                    "writeup_title": f"Write-up {writeup}",
                    "claim": claim,
                    "holds_when": "The error falls.",
                    "node": name,
                    "figures": ["loss"],
                }
            )
            if info is not None:
                measured = table_to_bytes(pa.table({"epoch": [1, 5], "error": [0.02, 0.01]}))
                store.record(
                    Row(
                        key=key_of(name),
                        name=name,
                        kind="claim",
                        objects={"measured.parquet": store.put_object(measured, "parquet")},
                        metrics={"error": 0.01},
                        info=info,
                        created_at=TIME,
                    )
                )
    layout = {
        "schema": 1,
        "pipeline": pipeline,
        "title": f"Write-up {pipeline}",
        "profile": {"name": "quick", "title": "Small and fast"},
        "run_id": pipeline,
        "started_at": TIME,
        "finished_at": TIME,
        "seconds": 1.0,
        "device": "cpu",
        "number_format": "float32",
        "figures": [{"id": "loss", "section": "B1", "title": "The loss", "seed": 1, "panels": []}],
        "nodes": nodes,
        "claim_texts": texts,
    }
    data = store.put_object(json.dumps(layout).encode(), "json")
    store.record(
        Row(
            key=key_of(pipeline),
            name=f"run/{pipeline}",
            kind="run",
            run_id=pipeline,
            objects={"layout.json": data},
            created_at=TIME,
        )
    )


def node(name: str, kind: str, status: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "key": key_of(name),
        "status": status,
        "error": None,
        "seconds": 0.1,
        "inputs": dict(inputs),
    }
