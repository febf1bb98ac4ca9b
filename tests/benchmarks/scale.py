"""Plans of many nodes and manifests of many rows: time, memory, and how they grow.

    python -m tests.benchmarks.scale MEASURE ROWS FOLDER    one of them, as JSON

Each measure is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.measure import peak_memory_mib
from tests.s3_server import BUCKET, S3Server, serving

S3_ADDRESS = f"s3://{BUCKET}/scale"
SEEDS = 20
NODES = (1_000, 10_000, 100_000)
ROWS = (10_000, 100_000, 1_000_000)
PLANS_ON_S3 = 3
PLANNED = 10_000
NEW_PARTS = 500


def declaration(folder: Path, nodes: int) -> Path:
    """A file that declares about so many nodes: prompts, each from SEEDS seeds."""
    figures = {
        f"prompt-{number}": {
            "section": "A0",
            "title": f"Prompt {number}",
            "seed": number,
            "panels": [
                {"plot": "prompt_samples", "prompt": f"a photo of thing {number}", "count": SEEDS}
            ],
        }
        # A figure is a node too, and so is its prompt.
        for number in range(nodes // (SEEDS + 2))
    }
    path = folder / f"declared-{nodes}.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "version": 1,
                "datasets": {},
                "backends": {"pocket": {"title": "Pocket", "stage_one": "models/none"}},
                "backend": "pocket",
                "figures": figures,
                "pipelines": {"all": {"title": "All", "figures": ["*"]}},
                "profiles": {"plain": {"title": "As declared"}},
                "default_profile": "plain",
            }
        )
    )
    return path


def plan_nodes(nodes: int, folder: Path, store: Any = None, **options: Any) -> Any:
    """The plan of the declaration of so many nodes."""
    from flows.declaration.read_declaration import read_declaration
    from flows.plan.plan import make_plan

    file = read_declaration(declaration(folder, nodes))
    return make_plan(file, "all", None, store, device="cpu", number_format="float32", **options)


def row_of(planned: Any) -> Any:
    """The row of a node of a plan, with an object of its own: the bytes of its key."""
    from tasks.store.row import ObjectRef, Row

    data = planned.key.encode()
    return Row(
        key=planned.key,
        name=planned.name,
        kind=planned.node.kind,
        identity=planned.identity.to_json(),
        params=planned.node.params,
        inputs=planned.identity.inputs,
        objects={"image.png": ObjectRef(hashlib.sha256(data).hexdigest(), len(data), "png")},
        seconds=1.0,
        versions=VERSIONS,
        run_id="benchmark",
    )


def other_rows(first: int, last: int) -> Iterator[Any]:
    """Rows of nodes that no plan here has, as large as those of a trajectory."""
    from tasks.store.node import Identity
    from tasks.store.row import ObjectRef, Row

    for number in range(first, last):
        digests = [hashlib.sha256(f"{what}/{number}".encode()).hexdigest() for what in "abc"]
        params = {
            "start": {"kind": "noise"},
            "timesteps": {"kind": "strided", "first": 990, "stride": 30},
            "guidance_scale": 7.0,
            "combination": {"kind": "single"},
            "mask": None,
            "snapshots": [],
            "model": {"backend": "pocket", "component": "stage_one", "address": "models/other"},
        }
        inputs = {"prompt_0": digests[0], "unconditional": digests[1]}
        identity = Identity("trajectory", 1, params, inputs, number, "float32", VERSIONS)
        yield Row(
            key=identity.key,
            name=f"trajectory/prompt-{number // SEEDS}/other/seed-{number % SEEDS}",
            kind="trajectory",
            identity=identity.to_json(),
            params=params,
            inputs=inputs,
            objects={"image.png": ObjectRef(digests[2], 12_000 + number % 1000, "png")},
            seconds=2.0 + number % 7 / 10,
            versions=VERSIONS,
            run_id="benchmark",
        )


VERSIONS = {"torch": "2.13.0", "diffusers": "0.42.1", "transformers": "5.23.0", "numpy": "2.4.6"}


def fill(rows: int, folder: Path) -> None:
    """A store with so many rows, PLANNED of them of the plan of as many nodes."""
    from tasks.store.compacted_file import MAX_ROWS
    from tasks.store.row_file import rows_to_parquet
    from tasks.store.store import Store

    store = Store.open(str(folder / f"store-{rows}"))
    compacted = Path(store.address, "manifest", "compacted")
    compacted.mkdir(parents=True)
    planned = [row_of(node) for node in plan_nodes(PLANNED, folder).nodes]
    for row in planned:
        # Not by put_object: thousands of files safe against a power failure take minutes.
        path = Path(store.object_address(row.objects["image.png"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row.key.encode())
    # Spread over all files, as keys are.
    files = -(-rows // MAX_ROWS)
    for number in range(files):
        first = (rows - len(planned)) * number // files
        last = (rows - len(planned)) * (number + 1) // files
        mine = [*other_rows(first, last), *planned[number::files]]
        data = rows_to_parquet(sorted(mine, key=lambda row: row.key))
        (compacted / f"{hashlib.sha256(data).hexdigest()}.parquet").write_bytes(data)


def read_manifest(rows: int, folder: Path) -> None:
    _store(rows, folder).rows()


def decode_manifest(rows: int, folder: Path) -> None:
    assert sum(1 for _ in _store(rows, folder).rows().values()) == rows


def plan_hits(rows: int, folder: Path) -> None:
    assert not plan_nodes(PLANNED, folder, _store(rows, folder)).misses


def plan_misses(rows: int, folder: Path) -> None:
    changed = ["text_to_image.guidance_scale=5"]
    plan = plan_nodes(PLANNED, folder, _store(rows, folder), overrides=changed)
    assert len(plan.misses) > PLANNED / 2


def record_parts(rows: int, folder: Path) -> None:
    store = _store(rows, folder)
    for row in other_rows(rows, rows + NEW_PARTS):
        # Its objects are nobody's: what counts here is the manifest.
        store._manifest.record(row)


def compact(rows: int, folder: Path) -> None:
    assert _store(rows, folder).compact() == NEW_PARTS


def plan_cold(nodes: int, folder: Path) -> None:
    plan_nodes(nodes, folder)


def plan_on_s3(nodes: int, folder: Path) -> None:
    """With the store that `fill_s3` has made at the same address."""
    from tasks.store.store import Store

    store = Store.open(S3_ADDRESS, create=False)
    assert not plan_nodes(nodes, folder, store).misses


def fill_s3(nodes: int, folder: Path, server: S3Server) -> None:
    """A compacted store of the plan of so many nodes, at S3_ADDRESS."""
    from tasks.store.row_file import rows_to_parquet
    from tasks.store.store import Store

    rows = [row_of(node) for node in plan_nodes(nodes, folder).nodes]
    data = rows_to_parquet(sorted(rows, key=lambda row: row.key))
    name = f"manifest/compacted/{hashlib.sha256(data).hexdigest()}.parquet"
    store = Store.open(S3_ADDRESS)
    store._filesystem.write(name, data)
    images = [row.objects["image.png"] for row in rows]
    server.fill(
        S3_ADDRESS.split("/", 3)[3],
        [f"objects/{image.sha256[:2]}/{image.sha256}.png" for image in images],
        images[0].size,
    )


def _store(rows: int, folder: Path) -> Any:
    from tasks.store.store import Store

    return Store.open(str(folder / f"store-{rows}"))


MEASURES: dict[str, Callable[[int, Path], None]] = {
    measure.__name__: measure
    for measure in (
        fill,
        read_manifest,
        decode_manifest,
        plan_hits,
        plan_misses,
        record_parts,
        compact,
        plan_cold,
        plan_on_s3,
    )
}


def measured(name: str, size: int, folder: Path) -> dict[str, float]:
    """seconds: by the clock, of which `cpu` computing. peak: MiB of the process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", name, str(size), str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def section(repeats: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plans = {nodes: measured("plan_cold", nodes, folder) for nodes in NODES}
        manifests = {rows: _manifest(rows, folder) for rows in ROWS}
        on_s3, requests = _on_s3(folder)
    return f"""## Scale

One measure a process, once each. Seconds are by the clock while other work shared the machine;
CPU is what the process itself computed, its start and imports included.

Plans of prompts, {SEEDS} seeds each, expanded, keyed and planned against nothing:

| nodes | seconds | CPU s | CPU ms a node | peak MiB |
|---:|---:|---:|---:|---:|
{_lines(plans)}

Manifests, compacted. Reading takes the keys of all rows; the plans are of {PLANNED:,} nodes that
are all there, and of as many that are all changed and compared with them; compaction folds
{NEW_PARTS} new parts.

| rows | what | seconds | CPU s | peak MiB |
|---:|---|---:|---:|---:|
{"".join(_rows(rows, measures) for rows, measures in manifests.items())}
A plan of {PLANNED:,} nodes that are all there, in a store on an S3 server of the same machine,
compacted: {on_s3["seconds"]:.2f} s (median of {PLANS_ON_S3}), {on_s3["cpu"]:.2f} s of them
computing; {requests} requests, {on_s3["peak"]:.0f} MiB.
"""


def _on_s3(folder: Path) -> tuple[dict[str, float], int]:
    with serving() as server:
        fill_s3(PLANNED, folder, server)
        server.counts()
        plans = [measured("plan_on_s3", PLANNED, folder) for _ in range(PLANS_ON_S3)]
        requests = sum(server.counts().values()) // PLANS_ON_S3
    return sorted(plans, key=lambda plan: plan["seconds"])[PLANS_ON_S3 // 2], requests


def _manifest(rows: int, folder: Path) -> dict[str, dict[str, float]]:
    measured("fill", rows, folder)
    found = {
        "read": measured("read_manifest", rows, folder),
        "plan, all cached": measured("plan_hits", rows, folder),
        "plan, all changed": measured("plan_misses", rows, folder),
        "decode every row": measured("decode_manifest", rows, folder),
    }
    measured("record_parts", rows, folder)
    return {**found, f"compact {NEW_PARTS} parts": measured("compact", rows, folder)}


def _lines(plans: dict[int, dict[str, float]]) -> str:
    return "\n".join(
        f"| {nodes:,} | {m['seconds']:.2f} | {m['cpu']:.2f} | {1000 * m['cpu'] / nodes:.2f} "
        f"| {m['peak']:.0f} |"
        for nodes, m in plans.items()
    )


def _rows(rows: int, measures: dict[str, dict[str, float]]) -> str:
    return "".join(
        f"| {rows:,} | {what} | {m['seconds']:.2f} | {m['cpu']:.2f} | {m['peak']:.0f} |\n"
        for what, m in measures.items()
    )


def main(name: str, size: str, folder: str) -> None:
    started = time.perf_counter()
    MEASURES[name](int(size), Path(folder))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "peak": peak_memory_mib()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
