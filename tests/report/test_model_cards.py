from __future__ import annotations

from tasks.report.build import build_report
from tasks.report.model_cards import model_cards
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.store.row import ObjectRef, Row
from tests.report.made_up_run import TIME, MadeUpRun
from tests.report.page_reader import Page

CHECKPOINT = ObjectRef("ab" * 32, 3 * 2**20, "safetensors")


def record(name, inputs=()) -> NodeRecord:
    key = name.encode().hex().ljust(64, "0")[:64]
    return NodeRecord(name, name.partition("/")[0], key, "done", None, 1.0, dict(enumerate(inputs)))


def card_of(evaluations):
    train = record("train/m", ["data/digits"])
    objects = {f"epoch-{epoch:03d}.safetensors": CHECKPOINT for epoch in (1, 5)}
    nodes = [train, *(record(name, ["train/m"]) for name in evaluations)]
    rows = {
        node.key: Row(
            key=node.key,
            name=node.name,
            kind=node.kind,
            params={"epochs": 5} if node is train else {},
            objects=objects if node is train else {},
            metrics={"label_accuracy": evaluations.get(node.name, 0.0)},
            created_at=TIME,
        )
        for node in nodes
    }
    fields = dict.fromkeys(RunRecord.__dataclass_fields__)
    run = RunRecord(
        **{**fields, "datasets": {"digits": "Scanned"}, "nodes": {n.name: n for n in nodes}}
    )
    (card,) = model_cards(run, rows, [])
    return card


def test_each_checkpoint_has_its_own_measurements():
    card = card_of({"evaluate/m/epoch-001": 0.5, "evaluate/m/epoch-005": 0.9})
    assert [(row.label, row.cells) for row in card.checkpoints.rows] == [
        ("epoch 1", ["3 MB", "ab" * 6, "50 %"]),
        ("epoch 5", ["3 MB", "ab" * 6, "90 %"]),
    ]


def test_guidance_scales_stand_beside_each_other():
    card = card_of({"evaluate/m/epoch-005/guidance-1": 0.5, "evaluate/m/epoch-005/guidance-5": 0.9})
    # Five columns are too many for a card, so checkpoints go across.
    assert [row.label for row in card.checkpoints.rows][-2:] == [
        "label accuracy, guidance 1",
        "label accuracy, guidance 5",
    ]
    assert [row.cells for row in card.checkpoints.rows][-2:] == [["", "50 %"], ["", "90 %"]]


def test_a_model_that_failed_has_no_card_and_no_section(store, tmp_path):
    MadeUpRun(store, statuses={"train/m": "failed"}).record()
    page = Page.read(build_report(store, tmp_path / "out").with_name("course.html"))
    assert "models" not in page.ids


def test_a_card_says_where_its_model_came_from(store, tmp_path):
    MadeUpRun(store).record()
    page = Page.read(build_report(store, tmp_path / "out").with_name("course.html"))
    card = page.text.partition("Models m ")[2].partition("All metrics")[0]
    for said in ("D = 64", "Scanned digits", "final loss 0.084", "numpy 2.4.6", "2026-01-02 03:04"):
        assert said in card
