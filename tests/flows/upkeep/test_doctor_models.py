"""What the doctor says of the declared text-to-image models, without asking a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.declaration.read_declaration import DeclarationFile
from flows.upkeep.doctor.declared import check_models
from tests.flows.backend_declaration import declared

pytestmark = pytest.mark.usefixtures("no_hub_cache")


@pytest.fixture
def no_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))


def findings(file: DeclarationFile, backend: str | None = None) -> dict[str, tuple[str, str]]:
    found = check_models(file.settle(backend=backend), file.project_root, "cpu")
    return {finding.name: (finding.level, finding.text) for finding in found}


def test_doctor_finds_a_whole_model_well(tiny_project: Path) -> None:
    level, text = findings(declared(tiny_project))["model local"]
    assert level == "ok"
    assert "tiny-if-i (text encoder)" in text
    assert "tiny-if-ii (stage II)" in text


def test_doctor_notes_a_model_of_the_hub_that_is_not_here(tiny_project: Path) -> None:
    level, text = findings(declared(tiny_project))["model hub"]
    assert level == "note"
    assert "HF_TOKEN" in text


def test_doctor_minds_only_the_model_in_use(tmp_path: Path) -> None:
    file = declared(tmp_path)
    assert findings(file)["model local"][0] == "problem"
    assert findings(file, "hub")["model local"][0] == "note"
