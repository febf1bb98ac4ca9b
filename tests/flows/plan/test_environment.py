from __future__ import annotations

import stat

import pytest

from flows.plan import environment
from flows.plan.environment import cpu_has_bfloat16, resolve_device, resolve_number_format
from tasks import BadInput


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine whose nvidia-smi, if any, is a script of ours."""

    def prepare(*, smi: str | None = None, torch: str = "2.13.0") -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(environment, "library_version", lambda name: torch)
        monkeypatch.setattr(environment, "has_mps", lambda: False)
        environment.compute_capability.cache_clear()
        if smi is not None:
            program = tmp_path / "nvidia-smi"
            program.write_text(f"#!/bin/sh\n{smi}\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    yield prepare
    environment.compute_capability.cache_clear()


def test_no_gpu_means_the_cpu(machine):
    machine()
    assert resolve_device("auto") == "cpu"


@pytest.mark.parametrize(("capability", "number_format"), [("9.0", "bfloat16"), ("7.5", "float32")])
def test_a_gpu_is_taken_and_its_generation_sets_the_format(machine, capability, number_format):
    machine(smi=f"echo {capability}; echo 3.5")
    assert resolve_device("auto") == "cuda"
    assert resolve_number_format("cuda") == number_format


@pytest.mark.parametrize("smi", ["exit 9", "echo No devices were found", "true"])
def test_a_driver_that_finds_no_gpu_means_the_cpu(machine, smi):
    machine(smi=smi)
    assert resolve_device("auto") == "cpu"


def test_a_build_of_torch_without_cuda_leaves_the_gpu_alone(machine):
    machine(smi="echo 9.0", torch="2.13.0+cpu")
    assert resolve_device("auto") == "cpu"


def test_a_hidden_gpu_is_left_alone(machine, monkeypatch):
    machine(smi="echo 9.0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert resolve_device("auto") == "cpu"


def test_a_device_that_is_not_there_is_refused(machine):
    machine()
    with pytest.raises(BadInput, match="--device cuda: there is no such device here"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("flags", "has_bfloat16"),
    [
        ("fpu avx512f avx512_bf16", True),
        ("fpu amx_bf16 amx_tile", True),
        ("fpu avx512f avx2", False),
        ("fpu not_avx512_bf16x", False),
    ],
)
def test_cpu_format_follows_the_processor_flags(tmp_path, flags, has_bfloat16):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert cpu_has_bfloat16(cpuinfo) is has_bfloat16


def test_a_machine_without_cpuinfo_computes_in_float32(tmp_path):
    assert not cpu_has_bfloat16(tmp_path / "absent")


def test_a_format_that_is_asked_for_is_kept():
    assert resolve_number_format("cpu", "float32") == "float32"
    assert resolve_number_format("mps", "bfloat16") == "bfloat16"
