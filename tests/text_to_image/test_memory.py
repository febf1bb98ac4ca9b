"""Where a part of a model goes, and that what does not fit is refused with numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from tasks import BadInput
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.load import put
from tasks.text_to_image.memory import (
    Memory,
    Placement,
    bytes_in_memory,
    count_elements,
    free_ram,
    place,
)
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.published_layout import files_of_folder, part_files
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

GIB = 2**30
UNET_XL = ModelPart("deepfloyd", "stage_one", "DeepFloyd/IF-I-XL-v1.0", number_format="float16")
T5_XXL = ModelPart("deepfloyd", "text_encoder", "DeepFloyd/IF-I-XL-v1.0", number_format="float16")

MEMINFO = "MemTotal:       16000000 kB\nMemFree:  1000 kB\nMemAvailable:    8388608 kB\n"


def refusal(part: ModelPart, weights: int, device: str, free: Memory) -> str:
    with pytest.raises(BadInput) as refused:
        place(part, weights, device, free)
    return str(refused.value)


@pytest.mark.parametrize("free", [Memory(None, None), Memory(4 * GIB, 15 * GIB)])
def test_what_fits_goes_to_the_gpu(free: Memory) -> None:
    assert place(UNET_XL, 8 * GIB, "cuda", free) == Placement("device")


def test_what_the_gpu_cannot_hold_stays_in_ram_and_says_so() -> None:
    placement = place(UNET_XL, 8 * GIB, "cuda", Memory(32 * GIB, 6 * GIB))
    assert placement.where == "offload"
    assert "needs 10.5 GiB on the GPU, where 6.0 GiB are free" in placement.note


def test_refusal_tells_what_is_needed_and_free_on_gpu_and_in_ram() -> None:
    message = refusal(UNET_XL, 8 * GIB, "cuda", Memory(4 * GIB, 6 * GIB))
    assert "10.5 GiB on the GPU, where 6.0 GiB are free" in message
    assert "8.5 GiB of RAM to be held there, where 4.0 GiB are free" in message
    assert "--set backends.deepfloyd.stage_one=" in message
    assert "--backend pocket" in message


def test_gpu_without_room_for_a_layer_is_refused() -> None:
    message = refusal(UNET_XL, 8 * GIB, "cuda", Memory(64 * GIB, GIB))
    assert "at least 2.0 GiB however it is held, where 1.0 GiB are free" in message


def test_refusal_on_the_cpu_tells_what_is_needed_and_free() -> None:
    message = refusal(T5_XXL, 11 * GIB, "cpu", Memory(8 * GIB))
    assert "needs 11.5 GiB of memory, where 8.0 GiB are free" in message
    assert "--set backends.deepfloyd.prompt_embeds=" in message


def test_each_element_counts_in_its_format(tiny_if: TinyIF) -> None:
    files = part_files("stage_one", "fp16", files_of_folder(tiny_if.stage_one))
    elements = count_elements(tiny_if.stage_one, files.weights)
    part = part_at(tiny_if.stage_one, "stage_one")
    loaded = load_stage(part, Path("/")).model
    assert elements == sum(weight.numel() for weight in loaded.parameters())
    assert bytes_in_memory(part, elements) == 4 * elements


def test_layers_of_t5_that_stay_in_float32_count_as_such() -> None:
    assert bytes_in_memory(T5_XXL, 1000) == 2440


def test_free_memory_is_that_of_the_host(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(MEMINFO)
    assert free_ram(meminfo, tmp_path / "no-cgroup") == 8 * GIB


def test_container_may_allow_less(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(MEMINFO)
    (tmp_path / "memory.max").write_text(f"{4 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{3 * GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {GIB}\nactive_file 0\n")
    assert free_ram(meminfo, tmp_path) == 2 * GIB


def test_container_without_a_limit_allows_all(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(MEMINFO)
    (tmp_path / "memory.max").write_text("max\n")
    assert free_ram(meminfo, tmp_path) == 8 * GIB


def test_unknown_memory_refuses_nothing(tmp_path: Path) -> None:
    assert free_ram(tmp_path / "none", tmp_path) is None
    assert place(T5_XXL, 11 * GIB, "cpu", Memory(None)) == Placement("device")


def test_no_memory_is_known_before_any_weight_is_read(
    tiny_if: TinyIF, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.running.kinds import Surroundings
    from tasks.text_to_image import check_models

    folder = Path(shutil.copytree(tiny_if.stage_one, tmp_path / "if"))
    monkeypatch.setattr(check_models, "free_memory", lambda device: Memory(1000))
    params = [{"model": part_at(folder, "stage_one").to_params()}]
    with pytest.raises(BadInput, match=r"513\.\d MiB of memory, where 0\.0 MiB are free"):
        check_models.check_models(params, Surroundings("cpu", Path("/")))


@pytest.mark.usefixtures("no_part_loaded")
def test_offloaded_network_gives_the_same(tiny_if: TinyIF) -> None:
    stage = load_stage(part_at(tiny_if.stage_one, "stage_one"), Path("/"))
    x, t = torch.ones(1, 3, 16, 16), torch.tensor([500])
    embeds = torch.ones(1, 77, stage.embedding_width)
    expected = stage.unet(x, t, embeds)
    # Accelerate's hooks also run with the CPU as the device that computes.
    put(stage.model, "cpu", Placement("offload"))
    assert torch.equal(stage.unet(x, t, embeds), expected)
