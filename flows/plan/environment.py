"""Device, number format and library versions, found without importing torch."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from tasks import BadInput

DEVICES = ("auto", "cpu", "cuda", "mps")
NUMBER_FORMATS = ("auto", "float32", "bfloat16")
NOT_INSTALLED = "not installed"

# Without one of these, bfloat16 is emulated and slower than float32.
BFLOAT16_CPU_FLAGS = ("avx512_bf16", "amx_bf16")
BFLOAT16_COMPUTE_CAPABILITY = 8.0


def resolve_device(device: str = "auto") -> str:
    """The device to run on: cpu, cuda or mps.

    Raises BadInput for another name, and for a device that is not there.
    auto: the GPU that this machine has and the installed torch can use, else the CPU.
    """
    if device not in DEVICES:
        raise BadInput(f"--device {device}: expected one of: {', '.join(DEVICES)}")
    if device == "cpu":
        return device
    if device in ("auto", "cuda") and has_cuda():
        return "cuda"
    if device in ("auto", "mps") and has_mps():
        return "mps"
    if device == "auto":
        return "cpu"
    raise BadInput(
        f"--device {device}: there is no such device here, or the installed torch "
        f"({library_version('torch')}) cannot use it; use --device auto or --device cpu"
    )


def resolve_number_format(device: str, number_format: str = "auto") -> str:
    """float32 or bfloat16. auto: bfloat16 where `device` computes in it natively."""
    if number_format not in NUMBER_FORMATS:
        raise BadInput(
            f"number format {number_format!r}: expected one of: {', '.join(NUMBER_FORMATS)}"
        )
    if number_format != "auto":
        return number_format
    if device == "cpu":
        return "bfloat16" if cpu_has_bfloat16() else "float32"
    if device == "cuda":
        capability = compute_capability()
        fast = capability is not None and capability >= BFLOAT16_COMPUTE_CAPABILITY
        return "bfloat16" if fast else "float32"
    return "float32"


def cpu_has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 matrices in hardware."""
    try:
        with cpuinfo.open(encoding="utf-8", errors="replace") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return False
    return any(flag in flags.split() for flag in BFLOAT16_CPU_FLAGS)


def has_cuda() -> bool:
    """An NVIDIA GPU, visible to this process, and a build of torch that can use it."""
    return not library_version("torch").endswith("+cpu") and compute_capability() is not None


def has_mps() -> bool:
    return platform.system() == "Darwin" and platform.machine() == "arm64"


@functools.cache
def compute_capability() -> float | None:
    """Of the first GPU that nvidia-smi lists, such as 9.0; None if there is none."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return None
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--query-gpu=compute_cap", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return float(answer.stdout.split()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


@functools.cache
def library_version(distribution: str) -> str:
    """The installed version, or "not installed"."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
