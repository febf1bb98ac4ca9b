"""Every picture of every sheet says what made it."""

from __future__ import annotations

import pytest

from tasks.figures.drawing.style import GAMMA, SIGMA
from tasks.figures.plots import drawn_plots
from tasks.report.play import origin_facts, sheet_facts
from tasks.store.row import Row
from tests.figures.drawing_table import DrawingTable, drawn_panel
from tests.figures.every_step import every_step


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> DrawingTable:
    return DrawingTable(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def steps(table):
    return every_step(table)


@pytest.fixture(scope="module")
def known(table, steps):
    """Plot to what is said of each picture of its sheet, by its title: name to value."""

    def of(plot: str) -> list[tuple[str, dict[str, str]]]:
        panel = drawn_panel(steps[plot])
        facts = sheet_facts(panel.row, table.store.rows(), panel.places)
        return [
            (place["title"], dict(fact for key in place["about"] for fact in facts[key]))
            for place in panel.places
        ]

    return of


@pytest.mark.parametrize("plot", drawn_plots())
def test_every_picture_of_a_sheet_names_the_node_behind_it(known, plot):
    # Masks and pure noise are made by the drawing itself, from these alone.
    unnamed = [said for _, said in known(plot) if "node" not in said]
    assert all(said.keys() <= {"mask", "seed"} and said for said in unnamed)


@pytest.mark.parametrize(
    "plot, title, said",
    [
        (
            "denoised",
            "epoch 5; column 2",
            {"node": "denoise/d/epoch-005", "model": "a", "epoch": "5", "sigma": "0.5"},
        ),
        ("denoised", "clean; column 1", {"node": "data/d", "seed": "7"}),
        ("pure_noise", "pure noise; column 1", {"seed": "7"}),
        ("pure_noise", "mean training image; row 1, column 1", {"node": "data/d"}),
        (
            "samples",
            "epoch 10; 3; row 1",
            {"node": "sample/m/epoch-010", "seed": "7", "class": "3", "model": "a"},
        ),
        ("samples", "epoch 1; 0; row 2", {"sampler": "method euler, steps 50"}),
        ("forward_strip", "t = 199", {"node": "image/photo", "t": "199", "seed": "0"}),
        ("comparison", "B; row 2, column 1", {"node": "sample/m/epoch-010", "seed": "7"}),
        ("ways", "DDIM, 10 steps; row 1, column 1", {"node": "variant/m/way-1", "seed": "7"}),
        (
            "guidance_grid",
            f"classifier-free; {GAMMA} = 10; 9",
            {"node": "variant/g/classifier_free-10", "class": "9", "seed": "7"},
        ),
        (
            "noising",
            f"{SIGMA} = 0.2; row 1",
            {"node": "data/d", "sigma": "0.2", "seed": "0"},
        ),
    ],
)
def test_a_picture_says_its_own_parameters(known, plot, title, said):
    found = dict(known(plot))[title]
    assert said.items() <= found.items()


@pytest.mark.parametrize("scale, said", [(None, set()), (3.0, {"guidance"})])
def test_guidance_is_said_of_pictures_that_had_some(scale, said):
    params = {
        "guidance": "classifier_free",
        "sampler": {"method": "ddpm", "steps": None, "guidance_scale": scale},
    }
    row = Row(key="0" * 64, name="variant/m/way", kind="variant", params=params)
    facts = dict(origin_facts(row, {}))
    assert facts.keys() & {"guidance"} == said
    assert "none" not in facts["sampler"]


def test_a_data_set_stands_behind_pictures_that_no_checkpoint_made(known):
    said = dict(known("denoised"))
    assert "epoch" not in said["clean; column 1"]
    assert "sigma" not in said["clean; column 1"]
    assert said[f"noisy, {SIGMA} = 0.5; column 1"]["sigma"] == "0.5"
