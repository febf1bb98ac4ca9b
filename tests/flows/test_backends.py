"""Backends: declared, chosen, and told apart in the keys of what they make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.nodes.model_identity import ModelIdentities, chosen_backend, model_number_format
from flows.plan.plan import make_plan
from tasks import BadInput
from tasks.running.kinds import KINDS, STAGES
from tests.flows.backend_declaration import BACKENDS, declared
from tests.flows.small_declaration import SMALL, real_file, write


def identities(file: DeclarationFile, backend: str | None = None, *overrides: str):
    settled = file.settle(None, overrides, backend)
    return ModelIdentities(settled, file.project_root, "float32")


def test_every_stage_has_a_flow_of_its_own_in_order() -> None:
    from flows.run.pipeline import STAGE_FLOWS

    assert tuple(STAGE_FLOWS) == STAGES
    assert {kind.stage for kind in KINDS.values()} <= set(STAGES)


def test_option_chooses_among_the_declared(tmp_path: Path) -> None:
    file = declared(tmp_path)
    assert file.settle().backend == "local"
    assert file.settle(backend="hub").backend == "hub"


def test_option_goes_before_set(tmp_path: Path) -> None:
    assert declared(tmp_path).settle(None, ["backend=local"], "hub").backend == "hub"


def test_unknown_backend_is_refused_with_those_that_are_declared(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no backend 'hbu'; did you mean hub"):
        declared(tmp_path).settle(backend="hbu")


def test_declaration_without_backends_says_so(tmp_path: Path) -> None:
    file = read_declaration(write(tmp_path, SMALL))
    with pytest.raises(BadInput, match="Declared: none"):
        file.settle(backend="pocket")
    with pytest.raises(BadInput, match="declare it under backends:"):
        chosen_backend(file.settle())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backend": "other"}, 'backend is "other", which is not a declared backend'),
        ({"backend": None}, "backend is missing; expected one of: local, hub"),
        ({"backends": {"local": {"title": "T"}}}, "backends.local.stage_one is missing"),
        (
            {"backends": {"local": {**BACKENDS["local"], "token": "hf_x"}}},
            "backends.local.token is not a known key",
        ),
    ],
)
def test_wrong_declarations_are_refused(tmp_path: Path, changes: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words.replace(".", r"\.")):
        declared(tmp_path, **changes)


def test_size_of_deepfloyd_is_chosen_by_an_override() -> None:
    override = "backends.deepfloyd.stage_one=DeepFloyd/IF-I-M-v1.0"
    model = identities(real_file(), "deepfloyd", override).of("stage_one")
    assert model["address"] == "DeepFloyd/IF-I-M-v1.0"
    assert model["revision"] == "main"
    assert model["variant"] == "fp16"


def test_address_may_pin_its_revision(tmp_path: Path) -> None:
    hub = identities(declared(tmp_path), "hub")
    assert (hub.of("stage_one")["address"], hub.of("stage_one")["revision"]) == ("owner/if-i", "v1")
    assert hub.of("stage_two")["revision"] == "main"


def test_folder_is_known_by_its_content(tiny_project: Path) -> None:
    file = declared(tiny_project)
    before = identities(file).of("stage_one")
    assert before["digest"] is not None
    assert identities(file).of("stage_one") == before
    weights = tiny_project / "tiny-if-i" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    assert identities(file).of("stage_one")["digest"] != before["digest"]


@pytest.mark.parametrize(
    ("file", "component"),
    [
        ("text_encoder/model-00001-of-00002.safetensors", "text_encoder"),
        ("tokenizer/spiece.model", "text_encoder"),
        ("unet/config.json", "stage_one"),
        ("safety_checker/config.json", None),
        ("unet/diffusion_pytorch_model.fp16.safetensors", None),
    ],
)
def test_file_counts_for_the_part_that_uses_it(
    tiny_project: Path, file: str, component: str | None
) -> None:
    declaration = declared(tiny_project)
    parts = ("text_encoder", "scheduler", "stage_one")
    before = {part: identities(declaration).of(part) for part in parts}
    (tiny_project / "tiny-if-i" / file).write_bytes(b"changed")
    after = {part: identities(declaration).of(part) for part in parts}
    assert [part for part in parts if before[part] != after[part]] == [
        part for part in (component,) if part
    ]


def test_folder_that_is_not_there_is_planned_without_a_digest(tmp_path: Path) -> None:
    assert identities(declared(tmp_path)).of("stage_one")["digest"] is None


def test_clone_of_a_repository_stands_in_for_it(tiny_project: Path) -> None:
    (tiny_project / "owner").mkdir()
    (tiny_project / "tiny-if-i").rename(tiny_project / "owner" / "if-i")
    model = identities(declared(tiny_project), "hub", "backends.hub.stage_one=owner/if-i").of(
        "stage_one"
    )
    assert model["digest"] is not None
    assert model["revision"] is None


def test_file_of_embeddings_takes_the_encoders_place(tiny_project: Path) -> None:
    (tiny_project / "embeds.pth").write_bytes(b"embeddings")
    hub = identities(declared(tiny_project), "hub", "backends.hub.prompt_embeds=embeds.pth")
    model = hub.of("text_encoder")
    assert model["prompt_embeds"] == "embeds.pth"
    assert model["digest"] is not None
    assert hub.of("stage_one")["prompt_embeds"] is None


def test_path_given_with_set_is_relative_to_where_it_was_typed(
    tiny_project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "mine").mkdir()
    monkeypatch.chdir(elsewhere)
    overrides = ["backends.local.stage_one=mine", "backends.local.stage_two=owner/if-ii"]
    backend = declared(tiny_project).settle(None, overrides).backends["local"]
    assert backend.stage_one == str(elsewhere / "mine")
    assert backend.stage_two == "owner/if-ii"


def test_missing_second_stage_is_told_to_who_needs_it(tmp_path: Path) -> None:
    only = {"title": "Only", "stage_one": "tiny-if-i"}
    models = identities(declared(tmp_path, backends={"local": only}))
    assert models.of("stage_one")["address"] == "tiny-if-i"
    with pytest.raises(BadInput, match=r"backends\.local\.stage_two is missing"):
        models.of("stage_two")


@pytest.mark.parametrize(
    ("backend", "device", "asked", "resolved", "expected"),
    [
        ("hub", "cuda", "auto", "bfloat16", "float16"),
        ("hub", "cuda", "float32", "float32", "float32"),
        ("hub", "cpu", "auto", "bfloat16", "bfloat16"),
        ("local", "cuda", "auto", "bfloat16", "bfloat16"),
        ("local", "cpu", "auto", "float32", "float32"),
    ],
)
def test_fp16_weights_are_used_as_such_on_a_gpu(
    tmp_path: Path, backend: str, device: str, asked: str, resolved: str, expected: str
) -> None:
    settled = declared(tmp_path).settle(backend=backend)
    assert model_number_format(settled, device, asked, resolved) == expected


def test_declared_number_format_goes_first(tmp_path: Path) -> None:
    settled = declared(tmp_path).settle(None, ["backends.local.number_format=float16"])
    assert model_number_format(settled, "cpu", "bfloat16", "bfloat16") == "float16"


def test_plan_imports_none_of_the_libraries() -> None:
    code = (
        "import sys\n"
        "from flows.plan.plan import make_plan\n"
        "from flows.declaration.read_declaration import read_declaration\n"
        "file = read_declaration('pipelines.yaml')\n"
        "make_plan(file, 'gallery', None, None, backend='deepfloyd')\n"
        "print([n for n in ('torch', 'diffusers', 'transformers', 'prefect') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stderr


def test_layout_names_no_model_where_none_is_used(tmp_path: Path) -> None:
    plan = make_plan(declared(tmp_path), "first", None, None)
    assert plan.layout["backend"] is None


def test_form_offers_the_declared_backends(tmp_path: Path) -> None:
    from flows.run.run_request import RunRequest
    from flows.serve.declared import declared_deployments, form_of

    (first, *_) = declared_deployments(declared(tmp_path), RunRequest())
    schema = {
        "properties": {"request": {}},
        "definitions": {"RunRequest": RunRequest.model_json_schema()},
    }
    form = form_of(schema, first.pipeline, first.profiles, "plain", first.backends)
    field = form["definitions"]["RunRequest"]["properties"]["backend"]
    assert field["enum"] == ["local", "hub"]
    assert "default" not in field
