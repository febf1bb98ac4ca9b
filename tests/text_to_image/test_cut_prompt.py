"""Prompts that are longer than the model reads: told by the plan, and in captions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.__main__ import app
from tasks.report.panel_view import _caption
from tasks.text_to_image.cut_prompt import cut_off, cut_words
from tasks.text_to_image.deepfloyd import load_text_encoder
from tasks.text_to_image.model_part import ModelPart
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

REPOSITORY = Path(__file__).parents[2]
PROMPTS = [
    "",
    "a cat",
    "a " * 80,
    "A photo of a cat and a dog, " * 12,
    "  A   Photo\twith\u00a0blanks " * 10,
    "Ünïcödé “quotes” … ﷺ " * 20,
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_plan_cuts_where_the_encoder_does(
    tiny_if: TinyIF, no_part_loaded: None, prompt: str
) -> None:
    part = part_at(tiny_if.stage_one, "text_encoder")
    encoder = load_text_encoder(part, Path("/"))
    ours, theirs = cut_off(part, Path("/"), prompt), encoder.cut_off(prompt)
    assert ours is not None
    assert bool(ours) == bool(theirs)
    if "<unk>" not in theirs:
        assert ours.split() == theirs.split()


def test_where_no_tokenizer_is_nothing_is_claimed(tmp_path: Path) -> None:
    assert cut_off(part_at(tmp_path, "text_encoder"), tmp_path, "a cat " * 80) is None


def test_embeddings_of_a_file_are_as_long_as_they_are() -> None:
    part = ModelPart("mine", "text_encoder", "a.pth", prompt_embeds="a.pth")
    assert cut_off(part, Path("/"), "a cat " * 80) == ""


def plan(prompt: str, *options: str, store: Path) -> str:
    arguments = ["plan", "seed501", "--file", str(REPOSITORY / "pipelines.yaml")]
    arguments += ["--store", str(store), "--only", "prompt/*", *options]
    setting = f"figures.w1-sample.panels.0.prompt={prompt}"
    result = CliRunner().invoke(app, [*arguments, "--set", setting])
    assert result.exit_code == 0, result.output
    return result.output


def test_plan_tells_of_a_prompt_that_is_cut(tmp_path: Path) -> None:
    told = plan("a red cat and a blue dog " * 12, store=tmp_path / "store")
    assert "it does not see the end, “" in told
    assert "does not see" not in plan("a red cat", store=tmp_path / "store")
    assert '"cut_prompts": [\n' in plan("a red cat " * 30, "--json", store=tmp_path / "store")


def test_caption_tells_what_was_cut() -> None:
    def row(prompt: str, end: str) -> Any:
        return SimpleNamespace(params={"prompt": prompt}, info={"cut_off": end})

    nodes = [SimpleNamespace(kind="prompt", key=key) for key in ("long", "short", "gone")]
    run: Any = SimpleNamespace(ancestors=lambda name: nodes)
    panel: Any = SimpleNamespace(node="figure/a/b", caption="A cat.")
    rows = {"long": row("a cat and a dog", "and a dog"), "short": row("a cat", "")}
    assert _caption(panel, run, rows) == f"A cat. {cut_words('a cat and a dog', 'and a dog')}"
