"""A store that holds the record of a run and the artifacts it names, without running anything."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.store.row import Row
from tasks.store.store import Store

TIME = "2026-01-02T03:04:05.000000+00:00"


def key_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def picture(seed: int, width: int = 120, height: int = 80, extension: str = "png") -> bytes:
    """A PNG of its own colour, or a WebP of three frames that differ."""
    colours = np.random.default_rng(seed).integers(0, 256, (3, 3))
    frames = [Image.new("RGB", (width, height), tuple(map(int, colour))) for colour in colours]
    buffer = io.BytesIO()
    if extension == "webp":
        frames[0].save(
            buffer,
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=120,
            loop=0,
            lossless=True,
        )
    else:
        frames[0].save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class MadeUpRun:
    """One pipeline: data, a model, its samples and measuring, and two figures of them."""

    store: Store
    pipeline: str = "course"
    title: str = "A write-up"
    caption: str = "Digits drawn by the model."
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Node name to a status other than "done"."""
    error: str = "loss is not finite at step 12"
    run_id: str = "run-1"
    created_at: str = TIME
    figures: Sequence[str] = ("loss", "samples")
    settings: Sequence[tuple[str, str]] = ()
    """Of every panel, in place of its drawing's."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Figure to the title of the pipeline it comes from."""
    model_cards: Mapping[str, str] = field(default_factory=dict)
    """Address of a model used as it is to its own card."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Of the layout."""
    more_nodes: Mapping[str, Row] = field(default_factory=dict)
    """Name to the row of nodes beside those of the plan."""

    def record(self) -> MadeUpRun:
        nodes = [self._node(*node) for node in self._plan()]
        for name, row in self.more_nodes.items():
            self.store.record(row)
            status = {"status": "done", "error": None, "seconds": 1.5, "inputs": {}}
            nodes.append({"name": name, "kind": row.kind, "key": row.key, **status})
        layout = {
            "schema": 1,
            "pipeline": self.pipeline,
            "title": self.title,
            "profile": {"name": "quick", "title": "Small and fast"},
            "run_id": self.run_id,
            "started_at": TIME,
            "finished_at": TIME,
            "seconds": 61.0,
            "device": "cpu",
            "number_format": "float32",
            "host": "somewhere",
            "versions": {"torch": "2.13.0", "numpy": "2.4.6"},
            "git_commit": "c0ffee" * 6 + "cafe",
            "git_dirty": False,
            "overrides": ["models.m.epochs=3"],
            "datasets": {"digits": "Scanned digits"},
            "figures": [self._figure(name) for name in self.figures],
            "nodes": nodes,
            "tables": [],
            "model_cards": dict(self.model_cards),
            **self.more,
        }
        self._put(
            Row(
                key=key_of(self.run_id),
                name=f"run/{self.pipeline}",
                kind="run",
                run_id=self.run_id,
                created_at=self.created_at,
            ),
            {"layout.json": json.dumps(layout).encode()},
        )
        return self

    def panel_key(self, figure: str) -> str:
        return key_of(f"figure/{figure}/panel")

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        plan: list[tuple[str, dict[str, str]]] = [
            ("data/digits", {}),
            ("train/m", {"data": "data/digits"}),
            ("sample/m/epoch-010", {"model": "train/m"}),
            ("evaluate/m/epoch-010", {"model": "train/m", "data": "data/digits"}),
        ]
        for figure in self.figures:
            inputs = {"model_0": "train/m"}
            if figure == "samples":
                inputs = {"sample": "sample/m/epoch-010"}
            plan.append((f"figure/{figure}/panel", inputs))
        return plan

    def _node(self, name: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        status = self.statuses.get(name, "done")
        kind = name.partition("/")[0]
        if status in ("done", "cached"):
            self._record_artifact(name, kind, inputs)
        return {
            "name": name,
            "kind": kind,
            "key": key_of(name),
            "status": status,
            "error": self.error if status == "failed" else None,
            "seconds": 1.5,
            "inputs": dict(inputs),
        }

    def _record_artifact(self, name: str, kind: str, inputs: Mapping[str, str]) -> None:
        metrics = {
            "train": {"final_loss": 0.084, "parameters": 2019201.0},
            "evaluate": {"frechet_distance": 12.34, "frechet_floor": 0.56, "class_share_0": 0.1},
        }.get(kind, {})
        params = {
            "train": {"network": {"hidden_width": 64}, "objective": {"kind": "ddpm"}, "epochs": 10},
            "figure": {"plot": "samples", "rows": 4, "columns": 10},
        }.get(kind, {})
        objects, info = {}, {}
        if kind == "figure":
            seed = int(key_of(name)[:8], 16)
            objects["image.png"] = picture(seed)
            info = {"width": 120, "height": 80, "alt": f"A picture of {name}."}
            if "samples" in name:
                objects["animation.webp"] = picture(seed, extension="webp")
            else:
                objects["image-dark.png"] = picture(seed + 1)
                objects["data.csv"] = f"step,loss\n1,{seed}\n".encode()
        self._put(
            Row(
                key=key_of(name),
                name=name,
                kind=kind,
                params=params,
                inputs={role: key_of(node) for role, node in inputs.items()},
                metrics=metrics,
                info=info,
                seconds=1.5,
                versions={"numpy": "2.4.6"},
                run_id=self.run_id,
                created_at=TIME,
            ),
            objects,
        )

    def _put(self, row: Row, objects: Mapping[str, bytes]) -> None:
        references = {
            name: self.store.put_object(data, name.rpartition(".")[2])
            for name, data in objects.items()
        }
        self.store.record(Row(**{**vars(row), "objects": references}))

    def _figure(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "section": "B1.2",
            "title": f"Figure {name}",
            "part": self.parts.get(name),
            "seed": 42,
            "panels": [
                {
                    "id": "panel",
                    "plot": "animation" if name == "samples" else "loss_curve",
                    "title": "A panel",
                    "caption": self.caption,
                    "alt": "",
                    "node": f"figure/{name}/panel",
                    "key": self.panel_key(name),
                    "settings": [list(setting) for setting in self.settings],
                }
            ],
        }


@dataclass
class EmptyRun(MadeUpRun):
    """A run of no node, hence of no figure."""

    figures: Sequence[str] = ()

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        return []


def files_of(folder: Path) -> dict[str, bytes]:
    """Relative path to bytes of everything in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
