from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from tasks.report.build import build_report
from tasks.report.models.cards import model_cards
from tasks.report.run_record import NodeRecord, RunRecord
from tasks.running.kinds import KINDS
from tasks.store.row import Row
from tests.report.made_up_run import TIME, MadeUpRun, files_of, key_of
from tests.report.page_reader import Page
from tests.report.trained_run import (
    DIGEST,
    HOSTILE,
    LOSSES,
    STEPS,
    TrainedRun,
    loss_log,
    part,
    phase_log,
)

TRAINING_KINDS = [kind for kind, of in KINDS.items() if of.stage == "train"]
WEIGHTS = b"weights"


class Cards:
    """A run put together node by node, and its cards."""

    def __init__(self, store):
        self.store, self.nodes, self.rows = store, {}, {}

    def add(self, name, inputs=(), kind=None, objects=None, **fields):
        inputs = inputs if isinstance(inputs, dict) else dict(enumerate(inputs))
        kind, key = kind or name.partition("/")[0], key_of(name)
        references = {
            each: self.store.put_object(data, each.rpartition(".")[2])
            for each, data in (objects or {}).items()
        }
        self.nodes[name] = NodeRecord(name, kind, key, "done", None, 1.0, inputs)
        self.rows[key] = Row(
            key=key, name=name, kind=kind, objects=references, created_at=TIME, **fields
        )
        return self

    def train(self, losses=None, epochs=(1, 5)):
        objects = {f"epoch-{epoch:03d}.safetensors": WEIGHTS for epoch in epochs}
        if losses is not None:
            objects["loss.parquet"] = losses
        return self.add("train/m", ["data/digits"], objects=objects, params={"epochs": 5})

    def all(self, panels=(), backend=None, prefix="", own=()):
        known = {"datasets": {"digits": "Scanned"}, "nodes": self.nodes, "backend": backend}
        known["model_cards"] = dict(own)
        run = RunRecord(**dict.fromkeys(RunRecord.__dataclass_fields__) | known)
        return model_cards(run, self.rows, panels, self.store, prefix)

    def only(self, **how):
        (card,) = self.all(**how)
        return card


@pytest.fixture
def cards(store):
    return Cards(store)


def measured(label_accuracy):
    return {"metrics": {"label_accuracy": label_accuracy}}


def test_each_checkpoint_has_an_entry_of_its_own(cards):
    cards.train(loss_log([0.9, 0.7, 0.5, 0.3], 2), epochs=(1, 2))
    cards.add("evaluate/m/epoch-001", ["train/m"], **measured(0.5))
    cards.add("evaluate/m/epoch-002", ["train/m"], **measured(0.9))
    card = cards.only()
    assert card.checkpoints.columns == ["training loss", "label accuracy"]
    one, two = card.checkpoints.entries
    assert [one.cells, two.cells] == [["0.8", "50 %"], ["0.4", "90 %"]]
    assert [one.anchor, two.anchor] == ["model-train-m-epoch-001", "model-train-m-epoch-002"]
    assert two.detail == "step\N{NO-BREAK SPACE}4, 0\N{NO-BREAK SPACE}MB"
    assert one.digest == hashlib.sha256(WEIGHTS).hexdigest()


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("evaluate/m/epoch-005/guidance-5", "guidance 5"),
        ("variant/m/epoch-005/ddim-50-matched", "ddim 50 matched"),
    ],
)
def test_other_ways_of_measuring_stand_below_their_checkpoint(cards, node, words):
    cards.train().add(node, ["train/m"], **measured(0.9))
    cards.add("evaluate/m/epoch-005", ["train/m"], **measured(0.5))
    one, five = cards.only().checkpoints.entries
    assert (five.cells, five.further) == (["50 %"], [(words, ["90 %"], node)])
    assert (one.cells, one.further) == ([""], [])


def test_a_denoiser_tells_its_error_at_its_own_noise_level(cards):
    params = {"objective": {"kind": "denoiser", "sigma": 0.5}}
    metrics = {"mse_0.2": 0.1, "mse_0.5": 0.2, "psnr_0.5": 20.0}
    cards.train().add("denoise/m/epoch-005", ["train/m"], params=params, metrics=metrics)
    checkpoints = cards.only().checkpoints
    assert checkpoints.columns == ["test MSE at 0.5", "test PSNR (dB) at 0.5"]
    assert checkpoints.entries[1].cells == ["0.2", "20"]


def test_measurements_of_another_model_are_not_its_own(cards):
    cards.train().add("evaluate/m/epoch-005", ["train/another"], **measured(0.9))
    assert cards.only().checkpoints.columns == []


@pytest.mark.parametrize("kind", TRAINING_KINDS)
def test_a_model_of_every_kind_of_training_has_a_card(cards, kind):
    cards.add(
        f"{kind}/it", kind=kind, objects={"weights.safetensors": WEIGHTS}, params={"width": 8}
    )
    card = cards.only()
    assert (card.name, card.recipe) == ("it", "width 8")
    assert dict(card.provenance)["weights.safetensors"] == hashlib.sha256(WEIGHTS).hexdigest()


def test_checkpoints_are_marked_on_the_curve(cards):
    curve = cards.train(loss_log(LOSSES, STEPS), epochs=(1, 10)).only().curve
    assert [mark.title.partition(":")[0] for mark in curve.marks] == ["epoch 1", "epoch 10"]
    points = curve.path.removeprefix("M").split("L")
    assert f"{curve.marks[1].x} {curve.marks[1].y}" == points[-1]
    assert f"{curve.marks[0].x} {curve.marks[0].y}" in points[:-1]
    # Of 312 pixels from 4 on, step 40 of 400 is at a tenth.
    assert curve.marks[0].x == "35.2"
    assert len(points) <= 80


def test_the_curve_falls_as_the_loss_does(cards):
    path = cards.train(loss_log([1.0, 0.1, 0.01], 1), epochs=()).only().curve.path
    heights = [float(point.split()[1]) for point in path.removeprefix("M").split("L")]
    assert heights == [4.0, 32.0, 60.0]


def test_phases_of_a_training_are_lines_of_their_own_one_after_the_other(cards):
    log = phase_log({"words": [0.9, 0.5], "fine": [0.3, 0.2, 0.1]})
    curve = (
        cards.add("pocket/one", kind="pocket_stage_one", objects={"loss.parquet": log}).only().curve
    )
    lines = [
        [float(point.split()[0]) for point in line.split("L")] for line in curve.path.split("M")[1:]
    ]
    assert [len(line) for line in lines] == [2, 3]
    assert [*lines[0], *lines[1]] == sorted([*lines[0], *lines[1]])
    assert "250 steps, from 0.9 to 0.1" in curve.words and "fine after the first" in curve.words


@pytest.mark.parametrize("plays", [True, False])
def test_a_curve_leads_to_the_panel_in_which_it_can_be_read(cards, plays):
    cards.train(loss_log(LOSSES, STEPS)).add("figure/f/p", {"model_0": "train/m"})
    panel = SimpleNamespace(
        panel=SimpleNamespace(node="figure/f/p"),
        play={"control": {"kind": "curve"}} if plays else None,
        anchor="panel-f-p",
    )
    assert cards.only(panels=[panel]).curve.anchor == ("panel-f-p" if plays else "")


def test_a_training_that_kept_no_losses_says_so(cards):
    card = cards.train(losses=None).only()
    assert (card.curve, card.no_curve) == (None, "This training keeps no record of its losses.")


@pytest.mark.parametrize("damage", ["lost", "of another shape"])
def test_losses_that_cannot_be_read_are_told_apart_from_none(cards, tmp_path, damage):
    card = cards.train(loss_log(LOSSES, STEPS) if damage == "lost" else b"no table")
    for path in (tmp_path / "store" / "objects").rglob("*.parquet"):
        if damage == "lost":
            path.unlink()
    card = cards.only()
    assert (card.curve, "missing from the store or damaged" in card.no_curve) == (None, True)
    assert len(card.checkpoints.entries) == 2


def test_accuracies_of_a_guide_are_a_table_by_noise(cards):
    metrics = {
        f"{name}_{t}": t / 1000 for name in ("guide_accuracy", "clean_accuracy") for t in (100, 12)
    }
    (table,) = cards.add("guide/g", metrics=metrics).only().tables
    assert table.header[:2] == ["t", "accuracy of the guide"]
    assert [(row.label, row.cells[0]) for row in table.rows] == [("12", "1.2 %"), ("100", "10 %")]


def test_the_similarity_model_tells_how_well_it_finds_captions(cards):
    metrics = {"concept_whole": 0.9, "style_whole": 0.8, "concept_at_24": 0.7, "final_loss": 0.5}
    card = cards.add("pocket/similarity", kind="pocket_similarity", metrics=metrics).only()
    (table,) = card.tables
    assert [(row.label, row.cells) for row in table.rows] == [
        ("as drawn", ["90 %", "80 %", ""]),
        ("scaled down to 24 pixels", ["70 %", "", ""]),
    ]
    assert [name for name, _ in card.facts] == ["final loss", "seed", "took"]


def test_what_the_reader_found_is_told_of_the_model_that_drew(cards):
    cards.add("pocket/one", kind="pocket_stage_one").add("pocket/reader", kind="pocket_reader")
    inputs = {"stage_one": "pocket/one", "reader": "pocket/reader"}
    metrics = {"accuracy": 0.75, "accuracy_seed_0": 0.7}
    cards.add("pocket/measure", inputs, kind="pocket_measure", metrics=metrics)
    drew, reader = cards.all()
    assert ("concepts named rightly", "75 %") in drew.facts
    assert [table.rows[0].cells for table in drew.tables] == [["70 %"]]
    assert (reader.tables, "concepts named rightly" in dict(reader.facts)) == ([], False)


def test_phases_are_the_recipe_in_the_order_of_training(cards):
    phases = {"whole": {"steps": 6}, "words": {"steps": 5}}
    params = {"phases": phases, "font": "emoji.ttf", "font_sha256": "f0" * 32}
    card = cards.add("pocket/one", kind="pocket_stage_one", params=params).only()
    assert card.recipe == "words: steps 5; whole: steps 6"
    assert dict(card.provenance)["font sha256"] == "f0" * 32


def test_a_model_used_as_it_is_has_one_card_with_its_parts(cards):
    cards.add("prompt/a", params={"model": part("text_encoder")})
    cards.add("prompt/b", params={"model": part("text_encoder")})
    cards.add("trajectory/a", params={"model": part("stage_one", digest="e2" * 32)})
    card = cards.only(backend="Pocket model")
    assert (card.name, card.node, card.role.split(",")[0]) == (HOSTILE, None, "Pocket model")
    assert [(row.label, row.cells) for row in card.tables[0].rows] == [
        ("text encoder", ["2 steps", "float32"]),
        ("stage I", ["1 step", "float32"]),
    ]
    assert dict(card.provenance) == {
        "address": HOSTILE,
        "SHA-256 of its files, text encoder": DIGEST,
        "SHA-256 of its files, stage I": "e2" * 32,
    }


def test_a_model_of_the_hub_is_known_by_revision_and_commit(cards):
    model = part("similarity", "openai/clip", revision="main", digest=None)
    params = {"model": model}
    cards.add(
        "similarity/s", params=params, info={"commit": "c0ffee"}, metrics={"logit_scale": 100.0}
    )
    card = cards.only(backend="Pocket model")
    assert card.role.startswith("Similarity of pictures and texts")
    assert dict(card.facts) == {"logit scale": "100", "commit": "c0ffee"}
    assert dict(card.provenance) == {"address": "openai/clip", "revision, similarity": "main"}


def test_what_a_model_says_of_itself_stands_in_its_card(cards):
    cards.add("prompt/a", params={"model": part("text_encoder", "models/one")})
    cards.add("similarity/a", params={"model": part("similarity", "models/two")})
    one, two = cards.all(own={"models/two": "# Two\n\nLicence: ours."})
    assert (one.own_card, two.own_card) == ("", "# Two\n\nLicence: ours.")


def test_models_whose_names_read_alike_have_anchors_of_their_own(cards):
    cards.add("train/m-1", kind="train").add("train/m_1", kind="train")
    assert [card.anchor for card in cards.all(prefix="p.")] == [
        "p.model-train-m-1",
        "p.model-train-m-1--2",
    ]


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


@pytest.mark.parametrize("single_file", [False, True])
def test_cards_are_on_the_page_with_an_address_for_each_checkpoint(store, tmp_path, single_file):
    said = "# A model\n\n</pre><script>alert(1)</script> [x](javascript:alert(2))"
    TrainedRun(store, model_cards={HOSTILE: said}).record()
    index = build_report(store, tmp_path / "out", single_file=single_file)
    page = Page.read(index if single_file else index.with_name("trained.html"))
    prefix = "trained." if single_file else ""
    names = ["classifier-reader", "train-m", "guide-g", "models-img-src-x-onerror-alert-1"]
    wanted = [f"{prefix}model-{name}" for name in names]
    wanted += [f"{prefix}model-train-m-epoch-{epoch:03d}" for epoch in range(1, 11)]
    assert set(wanted) <= set(page.ids) and len(page.ids) == len(set(page.ids))
    assert page.unclosed == []
    assert HOSTILE in page.text
    assert " ".join(said.split()) in " ".join(page.text.split())


def test_the_same_manifest_gives_the_same_cards(store, tmp_path):
    TrainedRun(store).record()
    build_report(store, tmp_path / "one")
    build_report(store, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
