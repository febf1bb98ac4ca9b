from __future__ import annotations

import re

from tasks.report.build import build_report
from tasks.report.lineage import MOST_ROWS, lineage_of
from tasks.report.run_record import Figure, NodeRecord, Panel, RunRecord
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page


def figure_id(number: int) -> str:
    return f"f{9999 - number}"


def run_of(figures: int, pictures: int, failed: str = "", parts: int = 0) -> RunRecord:
    """Figures of so many pictures each, all of one model; each has a panel. Ids run backwards, so
    that their order is not that of the page. parts: pipelines of equal length that hold them."""
    plan = {"train/m": []}
    for figure in range(figures):
        name = figure_id(figure)
        made = [f"trajectory/{name}/{number}" for number in range(pictures)]
        plan |= {each: ["train/m"] for each in made} | {f"figure/{name}/p": made}
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
        Figure(
            figure_id(number),
            f"A{number}",
            "Title",
            seed=0,
            panels=[Panel("p", "samples", "", "", f"figure/{figure_id(number)}/p", "")],
            part=f"Part {number * parts // figures}" if parts else None,
        )
        for number in range(figures)
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
    found = lineage(run_of(figures=20, pictures=30, failed=f"trajectory/{figure_id(3)}/7"))
    failed = [box for box in found.boxes if box.status == "failed"]
    assert [box.detail for box in failed] == ["30 nodes of kind trajectory: 1 failed, 29 done"]
    assert [box.href for box in failed] == [f"#node-trajectory/{figure_id(3)}/7"]


def test_a_row_leads_to_the_figure_it_is_named_after():
    found = lineage(run_of(figures=150, pictures=30))
    labels = [label for label in found.labels if label.href]
    assert [label.text.partition(":")[0] for label in labels] == [f"A{3 * n}" for n in range(50)]
    assert [label.href for label in labels] == [f"#{figure_id(3 * n)}" for n in range(50)]
    drawings = [box.href for box in found.boxes if box.kind == "figure"]
    assert drawings == [label.href for label in labels]


def test_a_failed_drawing_among_others_is_what_its_box_leads_to():
    failed = f"figure/{figure_id(1)}/p"
    found = lineage(run_of(figures=150, pictures=30, failed=failed))
    (box,) = (box for box in found.boxes if box.status == "failed")
    assert box.href == f"#node-{failed}"


def test_no_row_holds_figures_of_two_pipelines():
    found = lineage(run_of(figures=122, pictures=1, parts=2))
    rows = [label.detail for label in found.labels if label.href and not label.is_part]
    assert [row.partition(":")[0] for row in rows] == ["Part 0"] * 21 + ["Part 1"] * 21
    assert rows[20] == "Part 0: A60: Title" and rows[21].startswith("Part 1: A61: Title;")


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


def test_figures_of_each_pipeline_stand_under_its_title_and_lead_to_it(store, tmp_path):
    parts = {"b": "First", "a": "First", "c": "Second"}
    MadeUpRun(store, figures=list(parts), parts=parts).record()
    text = build_report(store, tmp_path / "out").with_name("course.html").read_text()
    picture = text[text.index('<div class="scroll lineage"') :]
    found = re.findall(
        r'<a href="#([^"]*)" aria-label="([^":]*)[^>]*><title>[^<]*</title><text cl', picture
    )
    assert found == [
        ("b-part", "First"),
        ("b", "B1.2"),
        ("a", "B1.2"),
        ("c-part", "Second"),
        ("c", "B1.2"),
    ]
    assert {anchor for anchor, _ in found} <= set(re.findall(r' id="([^"]*)"', text))
