from __future__ import annotations

from tasks.report.build import build_report
from tasks.report.lineage import MOST_ROWS, lineage_of
from tasks.report.run_record import Figure, NodeRecord, Panel, RunRecord
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page


def run_of(figures: int, pictures: int, failed: str = "") -> RunRecord:
    """Figures of so many pictures each, all of one model."""
    plan = {"train/m": []}
    for figure in range(figures):
        made = [f"trajectory/f{figure}/{number}" for number in range(pictures)]
        plan |= {name: ["train/m"] for name in made} | {f"figure/f{figure}/p": made}
    nodes = {
        name: NodeRecord(
            name=name,
            kind=name.partition("/")[0],
            key="0" * 64,
            status="failed" if name == failed else "done",
            error=None,
            seconds=1.0,
            inputs=dict(enumerate(inputs)),
        )
        for name, inputs in plan.items()
    }
    shown = [
        Figure(f"f{n}", f"A{n}", "Title", 0, [Panel("p", "samples", "", "", f"figure/f{n}/p", "")])
        for n in range(figures)
    ]
    empty = dict.fromkeys(RunRecord.__dataclass_fields__)
    return RunRecord(**{**empty, "figures": shown, "nodes": nodes})


def lineage(run: RunRecord):
    anchors = {figure.id: figure.id for figure in run.figures}
    return lineage_of(run, anchors, {name: f"#node-{name}" for name in run.nodes})


def test_many_nodes_of_a_figure_stand_as_one_box():
    found = lineage(run_of(figures=20, pictures=30))
    assert len(found.boxes) == 1 + 20 * 2
    assert len(found.arrows) == 20 * 2
    assert {box.text for box in found.boxes if box.kind == "trajectory"} == {"30 trajectory"}


def test_a_small_run_shows_every_node():
    run = run_of(figures=2, pictures=3)
    assert len(lineage(run).boxes) == len(run.nodes)


def test_a_group_with_a_failure_is_marked_failed():
    found = lineage(run_of(figures=20, pictures=30, failed="trajectory/f3/7"))
    failed = [box for box in found.boxes if box.status == "failed"]
    assert [box.detail for box in failed] == ["30 nodes of kind trajectory: 1 failed, 29 done"]


def test_two_thousand_figures_fold_into_few_rows():
    found = lineage(run_of(figures=2000, pictures=1))
    assert len(found.labels) <= MOST_ROWS + 1
    assert found.height < 5000


def test_boxes_do_not_overlap():
    found = lineage(run_of(figures=5, pictures=4))
    corners = [(box.left, box.top) for box in found.boxes]
    assert len(set(corners)) == len(corners)


def test_every_box_leads_to_a_panel_or_a_line_of_the_nodes(store, tmp_path):
    MadeUpRun(store, statuses={"train/m": "failed"}).record()
    index = build_report(store, tmp_path / "out")
    page, nodes = (Page.read(index.with_name(f"course{end}.html")) for end in ("", "--nodes"))
    links = [a["href"] for tag, a in page.tags if tag == "a" and "box" in (a.get("class") or "")]
    assert len(links) == 6
    found = {f"#{each}" for each in page.ids} | {f"course--nodes.html#{each}" for each in nodes.ids}
    assert set(links) <= found
