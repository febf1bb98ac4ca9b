"""Claims from the declaration to the record of a run: nodes, what is written, what is told."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from flows.declaration.read_declaration import read_declaration
from flows.plan.expand import expand, expand_pipeline, figures_of
from flows.run.execute import RunResult, execute
from flows.run.progress_display import ProgressDisplay
from flows.run.run_request import RunRequest
from tasks import BadInput
from tasks.claims.definitions import claim as defined
from tasks.running.kinds import KINDS
from tasks.store.node import Node
from tasks.store.store import Store
from tests.flows.declared_claims import CLAIMS, declared
from tests.flows.in_process import computed, prepare
from tests.flows.small_declaration import real_file

with (Path(__file__).parent / "claims.csv").open(newline="") as lines:
    ROWS = {row["id"]: row["writeups"].split("|") for row in csv.DictReader(lines)}


@pytest.fixture(scope="module")
def nodes() -> list[Node]:
    file = real_file()
    return expand(file.declaration, file.project_root)


def test_every_claim_of_every_write_up_is_declared() -> None:
    declared = {
        name: list(claim.writeups) for name, claim in real_file().declaration.claims.items()
    }
    assert declared == ROWS


@pytest.fixture(scope="module")
def specified() -> list[dict[str, str]]:
    """The rows of the specification's own list."""
    folder = os.environ.get("DARKROOM_SPEC")
    if not folder:
        pytest.skip("DARKROOM_SPEC names no folder with claims.csv")
    with (Path(folder) / "claims.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_list_of_claims_is_that_of_the_specification(specified: list[dict[str, str]]) -> None:
    rows = [(row["id"], row["writeups"].split("|")) for row in specified]
    assert rows == list(ROWS.items())


def test_every_specified_claim_is_declared_for_its_write_ups_and_defined(
    specified: list[dict[str, str]],
) -> None:
    declared = real_file().declaration.claims
    for row in specified:
        name = row["id"]
        assert list(declared[name].writeups) == row["writeups"].split("|"), name
    assert set(declared) == set(defined.all()) == {row["id"] for row in specified}


@pytest.mark.parametrize(("claim", "writeup"), [(c, w) for c, ws in ROWS.items() for w in ws])
def test_every_claim_is_measured_on_figures_of_its_write_up(
    nodes: list[Node], claim: str, writeup: str
) -> None:
    declaration = real_file().declaration
    (node,) = [node for node in nodes if node.name == f"claim/{writeup}/{claim}"]
    assert node.params["missing"] is None
    assert node.params["entries"] and node.params["figures"]
    assert set(node.params["figures"]) <= set(figures_of(declaration, writeup))
    # What it measures is what those figures are drawn from, or measured of the same models.
    names = {node.name: node for node in nodes}
    kinds = {names[name].kind for name in node.inputs.values()}
    assert "figure" not in kinds


def test_claims_belong_to_every_pipeline_that_has_all_figures_of_the_write_up(
    nodes: list[Node],
) -> None:
    declaration = real_file().declaration

    def claimed(pipeline: str) -> set[str]:
        made = expand_pipeline(declaration, nodes, pipeline)
        return {node.name for node in made if node.kind == "claim"}

    every = {f"claim/{writeup}/{claim}" for claim, found in ROWS.items() for writeup in found}
    assert claimed("gallery") == every
    assert claimed("seed180") == {name for name in every if name.startswith("claim/seed180/")}
    assert claimed("pocket") == set()


def test_a_plan_of_one_write_up_expands_the_same_claims_as_one_of_all(nodes: list[Node]) -> None:
    file = real_file()
    alone = expand(
        file.declaration, file.project_root, None, figures_of(file.declaration, "seed501")
    )
    found = {node.name: node for node in alone if node.name.startswith("claim/seed501/")}
    whole = {node.name: node for node in nodes}
    assert found and all(
        (whole[name].params, whole[name].inputs.keys()) == (node.params, node.inputs.keys())
        for name, node in found.items()
    )


@pytest.mark.parametrize(
    ("claim", "by"), [("nosched-equal", "decay"), ("bigtime-better", "hidden_width")]
)
def test_two_models_side_by_side_differ_in_what_is_claimed(
    nodes: list[Node], claim: str, by: str
) -> None:
    (node,) = [node for node in nodes if node.name == f"claim/seed100/{claim}"]
    assert len({entry[by] for entry in node.params["entries"]}) == 2


def test_more_seeds_are_drawn_for_the_check_alone(nodes: list[Node]) -> None:
    file = real_file()
    settled = file.settle("paper", ["claims.steps-help.more_seeds=[]"])
    fewer = expand(settled, file.project_root)
    added = {node.name for node in nodes} - {node.name for node in fewer}
    assert added and all(name.startswith("trajectory/") and "-seed-" in name for name in added)
    (claim,) = [node for node in nodes if node.name == "claim/seed180/steps-help"]
    assert {entry["seed"] for entry in claim.params["entries"]} == {180, 0, 1, 2, 3}


def test_without_a_similarity_model_its_claims_are_left_open() -> None:
    file = real_file()
    settled = file.settle("quick", ["similarity=null"])
    found = {node.name: node for node in expand(settled, file.project_root)}
    node = found["claim/seed501/anagram-both"]
    assert "no similarity model is declared" in node.params["missing"] and not node.inputs
    assert not any(node.kind == "similarity" for node in found.values())
    assert found["claim/seed501/forward-noise"].params["missing"] is None


def test_a_backend_decides_how_anagrams_are_made_that_name_no_rule() -> None:
    file = real_file()

    def anagrams(*overrides: str) -> tuple[list[Any], set[str]]:
        settled = file.settle("quick", overrides)
        found = {node.name: node for node in expand(settled, file.project_root)}
        made = [n for n in found.values() if n.name.startswith("trajectory/w1-anagram/")]
        roles = found["claim/seed501/anagram-both"].inputs.values()
        plain = {name for name in roles if name.endswith("-mean")}
        return [n.params["combination"].get("rule") for n in made], plain

    rules, plain = anagrams("backends.pocket.anagram_rule=mean")
    assert set(rules) == {None} and not plain
    rules, plain = anagrams("backends.pocket.anagram_rule=alternating")
    assert set(rules) == {None, "alternating"} and rules.count(None) == len(plain) == 3


def test_an_unknown_claim_or_write_up_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"claims\.no-such"):
        read_declaration(declared(tmp_path, **{"no-such": CLAIMS["uncond-random"]}))
    wrong = {**CLAIMS["uncond-random"], "writeups": ["smal"]}
    with pytest.raises(BadInput, match="not a declared pipeline; nearest: small"):
        read_declaration(declared(tmp_path, **{"uncond-random": wrong}))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the small declaration over fake kinds."""
    prepare(tmp_path, monkeypatch)
    file = declared(tmp_path)

    def run(**options: object) -> RunResult:
        import io

        from rich.console import Console

        request = RunRequest(
            pipeline="small",
            declaration=str(file),
            store=str(tmp_path / "store"),
            report_folder=str(tmp_path / "report"),
            **options,
        )
        return execute(request, ProgressDisplay(Console(file=io.StringIO())))

    return run


def layout_of(folder: Path) -> dict:
    store = Store.open(str(folder / "store"))
    newest = max(store.rows().of_kind("run"), key=lambda row: row.created_at)
    return json.loads(store.read_object(newest.objects["layout.json"]))


def test_a_run_tells_and_records_its_verdicts(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_UNTRUE", "claim/small/uncond-random")
    result = run()
    assert "claims: 1 hold, 1 do not hold here" in result.lines()
    verdicts = {"small": {"denoiser-epochs": "holds", "uncond-random": "does not hold here"}}
    assert result.claims == layout_of(tmp_path)["claims"] == verdicts
    page = (tmp_path / "report" / "small.html").read_text(encoding="utf-8")
    assert "does not hold here" in page and "Every digit comes." in page


def test_a_cached_run_tells_them_again(run, tmp_path: Path) -> None:
    run()
    before = len(computed(tmp_path))
    again = run()
    assert again.status == "nothing to do" and len(computed(tmp_path)) == before
    assert "claims: 2 hold" in again.lines()


def test_a_claim_whose_evidence_failed_is_not_checked(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", "denoise/first/epoch-001")
    result = run(keep_going=True)
    assert "claims: 1 hold, 1 not checked" in result.lines()
    assert layout_of(tmp_path)["claims"]["small"]["denoiser-epochs"] is None
    page = (tmp_path / "report" / "small.html").read_text(encoding="utf-8")
    assert "denoise/first/epoch-001 failed" in page


def test_a_claim_that_no_figure_can_show_says_so(tmp_path: Path) -> None:
    file = read_declaration(declared(tmp_path))
    nodes = {node.name: node for node in expand(file.declaration, file.project_root)}
    missing = nodes["claim/small/uncond-random"].params["missing"]
    assert missing == "no figure of this write-up shows which digits a model draws"


@pytest.mark.parametrize("kind", ["claim", "similarity"])
def test_kinds_of_claims_can_be_loaded(kind: str) -> None:
    assert callable(KINDS[kind].load())
