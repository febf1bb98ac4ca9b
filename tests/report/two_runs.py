"""A pipeline that ran twice: the second run drew one picture otherwise and has a larger loss."""

from __future__ import annotations

import json

from tasks.store.store import Store
from tests.report.made_up_run import MadeUpRun, key_of, picture

NEWER = "2026-02-01T00:00:00+00:00"


def record_two_runs(store: Store, title: str = "A write-up") -> None:
    """run-1 and run-2 of "course"; the second drew "samples" otherwise."""
    MadeUpRun(store, title=title).record()
    MadeUpRun(store, title=title, run_id="run-2", created_at=NEWER).record()
    run = store.find(key_of("run-2"))
    layout = json.loads(store.read_object(run.objects["layout.json"]))
    changed = {"figure/samples/panel": {}, "train/m": {"final_loss": 0.042}}
    for name, metrics in changed.items():
        old = store.find(key_of(name))
        objects = dict(old.objects)
        if name.startswith("figure"):
            objects["image.png"] = store.put_object(picture(99), "png")
        key = key_of(f"new {name}")
        metrics = {**old.metrics, **metrics}
        store.record(type(old)(**{**vars(old), "key": key, "objects": objects, "metrics": metrics}))
        for node in layout["nodes"]:
            node["key"] = key if node["name"] == name else node["key"]
        for panel in (panel for figure in layout["figures"] for panel in figure["panels"]):
            panel["key"] = key if panel["node"] == name else panel["key"]
    layout["overrides"] = ["models.m.epochs=9"]
    reference = store.put_object(json.dumps(layout).encode(), "json")
    store.record(type(run)(**{**vars(run), "objects": {"layout.json": reference}}))
