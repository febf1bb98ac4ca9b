from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from flows.declaration.read_declaration import read_declaration
from flows.plan import keys
from flows.plan.graph import downstream
from flows.plan.plan import Plan
from flows.plan.show_plan import print_plan
from tasks import BadInput
from tasks.running.kinds import KINDS
from tasks.store.row import INFO_NAME, digest_of_inputs
from tasks.store.store import Store
from tests.flows.recorded_plan import HERE, misses, plan_of, reason, record, record_all
from tests.flows.small_declaration import REPOSITORY, SMALL, real_file, small_file, spoiled, write


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A store that holds everything of the small declaration, made once."""
    folder = tmp_path_factory.mktemp("recorded")
    store = Store.open(str(folder / "store"))
    record_all(store, plan_of(small_file(folder), store).nodes)
    return store


@pytest.fixture
def done(file, store, recorded):
    """The plan once everything of the small declaration is in `store`."""
    shutil.copytree(recorded.address, store.address, dirs_exist_ok=True)
    return plan_of(file, store)


def below(plan: Plan, *names: str) -> set[str]:
    inputs = {planned.name: list(planned.node.inputs.values()) for planned in plan.nodes}
    return downstream(names, inputs)


def test_nothing_made_yet_is_never_made(file, store):
    plan = plan_of(file, store)
    assert {planned.reason for planned in plan.nodes} == {"never made"}
    assert plan.misses == plan.nodes


def test_what_is_recorded_hits(file, store, done):
    assert misses(done) == set()
    assert (done.misses, done.predicted_seconds) == ([], 0.0)
    assert all(planned.row.key == planned.key for planned in done.nodes)


def test_a_write_up_and_the_gallery_share_their_nodes(file, store, done):
    assert misses(plan_of(file, store, "first")) == {"table/metrics"}


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("models.flow.learning_rate=0.02", "train/flow"),
        ("models.denoiser.batch_size=32", "train/denoiser"),
        ("models.ddpm.objective.num_timesteps=200", "train/ddpm"),
        ("models.flow.network.hidden_width=16", "train/flow"),
        ("classifiers.reader.width=16", "classifier/reader"),
        ("datasets.digits.test_fraction=0.3", "data/digits"),
        ("seeds.data=5", "data/digits"),
        ("figures.noise.seed=5", "figure/noise/noising"),
        ("figures.noise.panels.0.digits=2", "figure/noise/noising"),
    ],
)
def test_a_changed_value_misses_exactly_the_nodes_below_it(file, store, done, override, changed):
    assert misses(plan_of(file, store, overrides=[override])) == below(done, changed)


def test_one_hyper_parameter_of_the_real_declaration_misses_exactly_what_is_below(store):
    file = real_file()
    before = plan_of(file, store, "gallery")
    record_all(store, before.nodes)
    after = plan_of(file, store, "gallery", overrides=["models.fm_time.learning_rate=0.02"])
    expected = below(before, "train/fm_time")
    assert misses(after) == expected
    assert {"figure/w3-bigtime/comparison", "table/metrics"} < expected
    assert not any("ddpm" in name or "w1-" in name for name in expected)


def test_a_figure_seed_redraws_only_pictures_that_depend_on_it(file, store, done):
    missing = misses(plan_of(file, store, overrides=["figures.denoising.seed=9"]))
    assert "figure/denoising/denoised" in missing
    assert not missing & {"train/denoiser", "figure/denoising/loss_curve"}


def test_reasons_name_what_changed(file, store, done):
    plan = plan_of(file, store, overrides=["models.flow.epochs=3"])
    assert reason(plan, "train/flow") == "epochs 10 -> 3, checkpoints [1, 10] -> [1, 3]"
    assert reason(plan, "sample/flow/epoch-001") == "input model changed"
    assert reason(plan, "sample/flow/epoch-003") == "never made"


def test_nested_parameters_are_dotted(file, store, done):
    plan = plan_of(file, store, overrides=["models.flow.network.hidden_width=4"])
    assert reason(plan, "train/flow") == "network.hidden_width 8 -> 4"


def test_at_most_three_differences_are_shown(file, store, done):
    overrides = [
        "models.ddpm.batch_size=8",
        "models.ddpm.learning_rate=0.5",
        "models.ddpm.decay=exponential",
        "models.ddpm.steps_per_epoch=3",
        "models.ddpm.ema_decay=0.9",
    ]
    text = reason(plan_of(file, store, overrides=overrides), "train/ddpm")
    assert text.count(" -> ") == 3
    assert text.endswith(", and 2 more")


def test_a_new_seed_is_a_reason(file, store, done):
    assert reason(plan_of(file, store, overrides=["seeds.data=7"]), "data/digits") == "seed 0 -> 7"


def test_number_format_is_a_reason_for_steps_of_the_accelerator_alone(file, store, done):
    plan = plan_of(file, store, number_format="bfloat16")
    assert reason(plan, "train/flow") == "number format float32 -> bfloat16"
    assert reason(plan, "data/digits") == ""


def test_a_new_library_version_is_a_reason(file, store, done, monkeypatch):
    versions = {"torch": "99.1"}
    known = keys.library_version
    monkeypatch.setattr(keys, "library_version", lambda name: versions.get(name) or known(name))
    plan = plan_of(file, store)
    assert reason(plan, "train/flow") == f"torch {known('torch')} -> 99.1"
    assert reason(plan, "data/digits") == ""


def test_new_code_of_a_kind_is_a_reason(file, store, done, monkeypatch):
    kind = KINDS["train"]
    newer = dataclasses.replace(kind, code_version=kind.code_version + 1)
    monkeypatch.setitem(KINDS, "train", newer)
    plan = plan_of(file, store)
    assert (
        reason(plan, "train/flow")
        == f"code of train {kind.code_version} -> {kind.code_version + 1}"
    )
    assert misses(plan) == below(done, "train/flow", "train/ddpm", "train/denoiser")


def test_the_nearest_artifact_explains_not_the_newest(file, store, done):
    record_all(store, plan_of(file, store, profile="tiny").nodes)
    plan = plan_of(file, store, overrides=["models.ddpm.batch_size=32"])
    assert reason(plan, "train/ddpm") == "batch_size 64 -> 32"


def test_two_panels_of_one_picture_share_one_artifact_and_its_history(tmp_path, store):
    again = {**SMALL["figures"]["denoising"], "title": "Again"}
    file = read_declaration(
        write(tmp_path, spoiled("figures", {**SMALL["figures"], "again": again}))
    )
    plan = plan_of(file, store)
    names = ("figure/denoising/loss_curve", "figure/again/loss_curve")
    assert plan.by_name[names[0]].key == plan.by_name[names[1]].key
    record(store, plan.by_name[names[0]])
    changed = plan_of(file, store, overrides=["models.denoiser.title=Other"])
    assert reason(changed, names[1]).startswith("labels ")


def test_a_missing_object_is_a_reason_and_what_was_made_of_it_still_hits(file, store, done):
    row = done.by_name["train/flow"].row
    Path(store.object_address(row.objects["image.png"])).unlink()
    plan = plan_of(file, store)
    assert misses(plan) == {"train/flow"}
    assert reason(plan, "train/flow") == "object image.png is missing"


def test_a_truncated_object_is_a_reason(file, store, done):
    row = done.by_name["train/flow"].row
    Path(store.object_address(row.objects["image.png"])).write_bytes(b"half")
    assert "image.png is truncated" in reason(plan_of(file, store), "train/flow")


def test_a_remade_input_with_other_objects_makes_everything_below_it_anew(file, store, done):
    plan = plan_of(file, store)
    rows = store.rows()
    for planned in plan.nodes:
        inputs = {role: rows[key] for role, key in planned.identity.inputs.items()}
        record(store, planned, info={INFO_NAME: digest_of_inputs(inputs)})
    assert not misses(plan_of(file, store))
    remade = plan.by_name["train/flow"]
    record(
        store,
        remade,
        objects={"image.png": store.put_object(b"other weights", "png")},
        info={INFO_NAME: digest_of_inputs({"data": rows[remade.identity.inputs["data"]]})},
    )
    below = downstream([remade.name], {n.name: list(n.node.inputs.values()) for n in plan.nodes})
    again = plan_of(file, store)
    assert misses(again) == set(below) - {remade.name}
    assert all(again.by_name[name].is_forced for name in misses(again))


def test_a_damaged_part_of_the_manifest_is_told(file, store, done):
    part = next(Path(store.address).glob("manifest/parts/train/*.parquet"))
    part.write_bytes(part.read_bytes()[:50])
    plan = plan_of(file, store)
    (problem,) = plan.problems
    assert part.name in problem
    console = Console(record=True, width=200, file=io.StringIO())
    print_plan(plan, console)
    assert part.name[:40] in console.export_text()


def test_force_makes_the_chosen_nodes_again_and_no_others(file, store, done):
    plan = plan_of(file, store, force=True, only=["train/flow"])
    assert [(planned.name, planned.reason) for planned in plan.misses] == [("train/flow", "forced")]
    assert plan.misses[0].is_forced


def test_force_alone_makes_everything_again(file, store, done):
    assert len(plan_of(file, store, force=True).misses) == len(done.nodes)


def test_a_row_that_says_nothing_of_its_identity_is_no_obstacle(file, store):
    planned = plan_of(file, store).by_name["data/digits"]
    record(store, planned, identity="[]")
    plan = plan_of(file, store, overrides=["seeds.data=3"])
    assert reason(plan, "data/digits") == "recorded by another version of Darkroom"


def test_time_is_predicted_from_the_work_of_the_same_kind(file, store):
    plan = plan_of(file, store)
    flow, ddpm = plan.by_name["train/flow"], plan.by_name["train/ddpm"]
    record(store, ddpm, seconds=30.0)
    again = plan_of(file, store)
    expected = 30.0 * flow.node.work / ddpm.node.work
    assert again.by_name["train/flow"].seconds == pytest.approx(expected)
    assert again.by_name["train/ddpm"].seconds == 0.0
    assert again.by_name["data/digits"].seconds is None
    assert again.unknown_durations == len(again.misses) - 2  # train/flow and train/denoiser


def test_one_slow_run_does_not_change_the_prediction(file, store):
    for seed, seconds in enumerate((2.0, 2.0, 500.0)):
        plan = plan_of(file, store, overrides=[f"seeds.data={seed}"])
        record(store, plan.by_name["data/digits"], seconds=seconds)
    plan = plan_of(file, store, overrides=["seeds.data=9"])
    assert plan.by_name["data/digits"].seconds == pytest.approx(2.0)


def test_times_of_another_device_predict_nothing(file, store):
    planned = plan_of(file, store).by_name["train/ddpm"]
    record(store, planned, seconds=30.0, device="cuda")
    assert plan_of(file, store).by_name["train/flow"].seconds is None


def test_layout_names_every_panel_with_its_key(file, store, done):
    layout = done.layout
    panels = [panel for figure in layout["figures"] for panel in figure["panels"]]
    assert {panel["node"]: panel["key"] for panel in panels} == {
        planned.name: planned.key for planned in done.nodes if planned.node.kind == "figure"
    }
    assert all(panel["caption"] and panel["title"] for panel in panels)
    assert layout["tables"] == [{"node": "table/metrics", "key": done.by_name["table/metrics"].key}]
    json.dumps(layout, allow_nan=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pipeline": "al"}, "no pipeline 'al'; did you mean all? Declared: first, all"),
        ({"profile": "x"}, "no profile 'x'; Declared: plain, tiny"),
        ({"only": ["train/flwo"]}, "--only train/flwo: matches no node; nearest: train/flow"),
        ({"device": "tpu"}, "--device tpu: expected one of: auto, cpu, cuda, mps"),
        ({"number_format": "int8"}, "expected one of: auto, float32, bfloat16"),
    ],
)
def test_request_that_cannot_be_used_is_refused(file, options, message):
    with pytest.raises(BadInput) as error:
        plan_of(file, None, **options)
    assert message in str(error.value)


PLAN_IN_A_PROCESS = """
import json, sys
from flows.plan.plan import make_plan
from flows.declaration.read_declaration import read_declaration
from flows.plan.show_plan import plan_to_json, print_plan
from tasks.store.store import Store
store = Store.open(sys.argv[1])
file = read_declaration("pipelines.yaml")
plan = make_plan(file, "gallery", None, store, **json.loads(sys.argv[2]))
heavy = {"torch", "diffusers", "transformers", "prefect", "pandas", "sklearn", "pyarrow.dataset"}
print(json.dumps({"plan": plan_to_json(plan), "heavy": sorted(heavy & set(sys.modules))}))
"""


def plan_in_a_process(store: Store, hash_seed: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PLAN_IN_A_PROCESS, store.address, json.dumps(HERE)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_keys_do_not_depend_on_the_process(store):
    first, second = (plan_in_a_process(store, seed) for seed in ("1", "2"))
    assert first == second
    here = plan_of(real_file(), store, "gallery")
    assert [node["key"] for node in first["plan"]["nodes"]] == [p.key for p in here.nodes]


def test_planning_imports_neither_torch_nor_prefect_nor_pandas(store):
    record_all(store, plan_of(real_file(), store, "gallery").nodes[:3])
    answer = plan_in_a_process(store, "0")
    assert answer["heavy"] == []
    assert answer["plan"]["hits"] == 3
