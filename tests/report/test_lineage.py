from __future__ import annotations

import re
from dataclasses import replace

from tasks.report.build import build_report
from tasks.report.lineage import MOST_ROWS, lineage_of, with_page
from tasks.report.run_record import Figure, NodeRecord, Panel, RunRecord
from tasks.writing.numbers import Call
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page
from tests.report.written_run import record_written


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


def test_a_text_and_the_numbers_in_it_read_what_they_name(store, tmp_path):
    record_written(store)
    page = Page.read(build_report(store, tmp_path / "out").with_name("written.html"))
    boxes = {
        a["data-number"]: (a["aria-label"].partition(": ")[2].rpartition(": ")[0], a["href"])
        for tag, a in page.tags
        if tag == "a" and "box" in (a.get("class") or "")
    }
    read = {
        (boxes[a["data-from"]][0], boxes[a["data-to"]][0])
        for tag, a in page.tags
        if tag == "path" and "data-from" in a
    }
    measured = "evaluate/m/epoch-010"
    number = f"number/{measured}/frechet_distance"
    assert {
        (measured, number),
        (number, "page/written"),
        ("train/m", "number/train/m/duration"),
        ("train/m", "number/train/m/epochs"),
        ("figure/loss/panel", "page/written"),
        ("claim/written/a", "page/written"),
        ("listing/tasks.diffusion/step", "page/written"),
    } <= read
    # The text leaves that figure out.
    assert ("figure/samples/panel", "page/written") not in read
    leads_to = dict(boxes.values())
    assert leads_to["page/written"] == "#start"
    assert {leads_to[number], "#start"} <= {f"#{each}" for each in page.ids}
    assert leads_to[number].startswith("#text-number-")


def test_numbers_of_a_large_run_stand_together_by_what_they_are_asked_of():
    run = run_of(figures=20, pictures=30)
    pictures = [name for name in run.nodes if name.startswith("trajectory/")]
    calls = [Call("seed", (name,)) for name in pictures[:50]]
    calls += [Call("metric", ("train/m", "final_loss")), Call("profile", ())]
    run = replace(run, numbers={call: {} for call in calls}, pipeline="mine")
    run, leads_to = with_page(run, "start", [], {calls[0]: "there"})
    anchors = {figure.id: figure.id for figure in run.figures}
    found = lineage_of(run, anchors, {**dict.fromkeys(run.nodes, "#"), **leads_to})
    boxes = {box.text: box for box in found.boxes}
    together, alone, page = (
        boxes[text] for text in ("50 number of traject…", "number final_loss", "page mine")
    )
    assert together.href == "#there" and alone.href == page.href == "#start"
    arrows = {(arrow.source, arrow.target) for arrow in found.arrows}
    assert {(together.number, page.number), (alone.number, page.number)} <= arrows
    assert max(box.left for box in found.boxes) == page.left > together.left == alone.left
