from __future__ import annotations

import json
import re

import pytest

from tasks.figures.drawing.chart import csv_bytes
from tasks.figures.playing.panel import DrawnPanel
from tasks.figures.playing.sheets import play_sheet
from tasks.figures.plots import play_panel
from tasks.report.build import build_report
from tasks.report.files import AssetFolder
from tasks.report.play import play_data, play_file
from tasks.store.row import Row
from tests.figures.annotated_steps import annotated_steps
from tests.figures.drawing_table import DrawingTable, drawn_panel
from tests.report.made_up_run import files_of, key_of
from tests.report.page_reader import Page
from tests.report.playable_run import (
    HOSTILE,
    I_STARTS,
    LEVELS,
    LOSSES,
    OURS,
    PUBLISHED,
    TEXTS,
    THEIRS,
    PlayableRun,
    reported_table,
)


@pytest.fixture
def islands(store, tmp_path):
    """Play data by figure."""
    PlayableRun(store).record()
    return read_islands(build_report(store, tmp_path / "out").with_name("course.html"))


def read_islands(page) -> dict[str, dict]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(
        r'<figure class="panel [^"]*" id="panel-([a-z-]+)-panel">(.*?)</figure>', text, re.DOTALL
    )
    addresses = {name: re.search(r'data-play="(.*?)"', body) for name, body in found}
    return {
        name: read_play_file(page.parent / each[1], f"panel-{name}-panel")
        for name, each in addresses.items()
        if each
    }


def read_play_file(path, anchor: str) -> dict:
    """What a script hands to the panel of that anchor."""
    return played(path.read_bytes(), anchor)


def played(script: bytes, anchor: str) -> dict:
    call = re.fullmatch(r'darkroom\.play\((".*?"),(".*")\);\n', script.decode("ascii"))
    assert call and json.loads(call[1]) == anchor
    return json.loads(json.loads(call[2]))


def test_each_kind_of_figure_gets_the_control_that_suits_it(islands):
    kinds = {name: data["control"]["kind"] for name, data in islands.items()}
    turns = {name: "turn" for name in kinds if name.startswith("turn-")}
    assert kinds == {
        **turns,
        "distance": "distance",
        "edits": "wipe",
        "texts": "wipe",
        "steps": "steps",
        "epochs": "steps",
        "moving": "steps",
        "loss": "curve",
        "reported": "curve",
    }


def test_a_wipe_pairs_results_with_the_image_they_began_from(islands):
    (subject,) = islands["edits"]["control"]["subjects"]
    assert subject["original"] == 0
    assert [each["place"] for each in subject["results"]] == [1, 2, 3]
    assert [each["label"] for each in subject["results"]] == list(LEVELS)


def test_results_are_chosen_by_i_start_where_rows_are_called_by_their_prompts(islands):
    control = islands["texts"]["control"]
    titles = [place["title"] for place in islands["texts"]["places"]]
    assert f"{TEXTS['tower']}; {LEVELS[0]}" in titles
    assert control["slider"] == "i_start"
    assert [each["title"] for each in control["subjects"]] == [
        f"{image}, {prompt}" for image, prompt in TEXTS.items()
    ]
    for subject in control["subjects"]:
        assert [each["label"] for each in subject["results"]] == list(LEVELS)


def test_each_picture_knows_prompt_seed_and_start(islands):
    facts = dict(map(tuple, islands["edits"]["facts"]["cell_2"]))
    assert (facts["prompt"], facts["seed"], facts["i_start"]) == (HOSTILE, "77", str(I_STARTS[1]))
    assert facts["key"] == key_of(f"trajectory/edit-{I_STARTS[1]}")[:12]


def test_a_slider_is_called_by_what_it_chooses(islands):
    sliders = {name: islands[name]["control"]["slider"] for name in ("steps", "epochs", "moving")}
    assert sliders == {"steps": "t", "epochs": "Checkpoint", "moving": "Shown"}


def test_losses_keep_their_extremes_when_many_steps_stand_together(islands):
    (line,) = islands["loss"]["control"]["series"]
    assert len(line["steps"]) <= 300
    assert (line["high"][0], line["steps"][-1]) == (LOSSES[0], len(LOSSES))


def test_no_prompt_can_end_a_data_island(store, tmp_path):
    PlayableRun(store, caption="</script><script>alert(1)</script>").record()
    for single_file in (False, True):
        page = build_report(store, tmp_path / "out", single_file=single_file)
        text = "".join(
            data.decode() for path, data in files_of(page.parent).items() if path.endswith("html")
        )
        islands = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
        assert islands
        for island in islands:
            json.loads(island)
            assert "<" not in island
        assert single_file == ('class="play-data"' in text)


def test_play_data_stay_as_they_are_inside_a_script():
    data = {"__proto__": ["</script><!--", "\u2028\u2029", "\\\"'`${x}", "Ünï"], "b": 1.5}
    script = play_file("panel-<é>", data)
    assert not {ord("<"), ord("\r")} & set(script) and script.count(b"\n") == 1
    assert played(script, "panel-<é>") == data


@pytest.mark.parametrize("lost", ["trajectory/free", "figure/turn-flip/panel"])
def test_what_cannot_be_read_leaves_the_still(store, tmp_path, lost):
    run = PlayableRun(store, figures=("turn-flip", "edits"))
    run.record()
    row = store.find(key_of(lost))
    name = "image.png" if lost.startswith("trajectory") else "motion.json"
    reference = row.objects[name]
    (tmp_path / "store" / "objects" / reference.sha256[:2]).joinpath(
        f"{reference.sha256}.{reference.extension}"
    ).unlink()
    page = build_report(store, tmp_path / "out").with_name("course.html")
    assert "turn-flip" not in read_islands(page)
    assert "turn-flip" in Page.read(page).all("img", "alt")


def test_the_same_manifest_gives_the_same_bytes(store, tmp_path):
    PlayableRun(store).record()
    build_report(store, tmp_path / "one")
    build_report(store, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_blocks_are_gone_through_where_they_are_of_one_shape():
    def control(*columns: int):
        blocks = [{"title": f"{n} wide", "rows": 1, "columns": n} for n in columns]
        row = Row(key="0" * 64, name="figure/f/p", kind="figure", info={"cells": blocks})
        return play_sheet(DrawnPanel(row, {}, [], lambda *_: b"", lambda _, name: name))

    assert control(2, 2)["kind"] == "steps"
    assert control(2, 3) is None


def loss_control(plot: str, table: bytes) -> dict:
    """Of a chart of losses that is drawn from a table."""
    row = Row(key="0" * 64, name="figure/f/p", kind="figure")
    return play_panel(plot, DrawnPanel(row, {}, [], lambda *_: table, lambda _, name: name))


@pytest.fixture(scope="module")
def control():
    return loss_control("reported_loss", reported_table())


def long_table(steps: int) -> bytes:
    rows = [(step, 1, 1 / step, 2 / step) for step in range(1, steps + 1)]
    return csv_bytes(("step", "epoch", "loss", "smoothed"), rows)


def test_a_drawing_beside_published_losses_can_be_played_with(tmp_path):
    step = annotated_steps(DrawingTable(tmp_path))["reported_loss"]
    control = play_panel("reported_loss", drawn_panel(step))
    assert [(line["name"], line["steps"][-1]) for line in control["series"]] == [("A", 300)]
    (points,) = control["points"]
    assert points["losses"] == [0.472, 0.145, 0.06, 0.05]


def test_reported_values_are_points_under_their_own_name(control):
    assert [line["name"] for line in control["series"]] == [OURS]
    assert control["points"] == [
        {"name": THEIRS, "steps": [1, 601, 1001, 1601], "losses": [*PUBLISHED[0], *PUBLISHED[1]]}
    ]


def test_each_reported_value_stands_beside_the_same_step_of_this_run(control):
    assert control["table"] == {
        "steps": [0, 600],
        "rows": [
            [0, [["1.000", "0.472"], ["", "0.145"]]],
            [1, [["0.002", "0.061"], ["", "0.050"]]],
        ],
    }


def test_losses_alone_have_neither_points_nor_a_table():
    control = loss_control("loss_curve", long_table(10))
    assert (control["points"], control["table"], control["log_steps"]) == ([], None, False)


@pytest.mark.parametrize("steps", [1, 9, 800, 4690, 40_000])
def test_first_steps_stand_alone_where_steps_are_logarithmic(steps):
    (line,) = loss_control("reported_loss", long_table(steps))["series"]
    assert line["steps"][:9] == list(range(1, min(steps, 9) + 1))
    assert (line["steps"][-1], line["high"][0]) == (steps, 1.0)
    assert len(line["steps"]) <= 300


def test_a_drawing_of_other_columns_has_no_control(store):
    table = store.put_object(b"epoch,step,loss,published\n0,0,1.0,0.472\n", "csv")
    row = Row(key="0" * 64, name="figure/f/p", kind="figure", objects={"data.csv": table})
    assert play_data("reported_loss", row, {}, store, AssetFolder()) is None


def test_numbers_of_a_long_training_take_little_room():
    assert len(json.dumps(loss_control("reported_loss", long_table(40_000)))) < 20_000
