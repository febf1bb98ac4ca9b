"""The declaration and the data sets that it names; the hub that others come from."""

from __future__ import annotations

import os
from pathlib import Path

from flows.declaration import Declaration
from flows.declaration.read_declaration import read_declaration
from flows.upkeep.doctor.finding import Finding
from tasks import BadInput

HUB_TIMEOUT_SECONDS = 3.0
TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def check_declaration(file: str) -> tuple[Finding, Declaration | None]:
    try:
        declaration = read_declaration(file).declaration
    except BadInput as error:
        return Finding("declaration", "problem", str(error)), None
    count = len(declaration.pipelines)
    return Finding("declaration", "ok", f"{file}: {count} pipelines"), declaration


def check_data(declaration: Declaration | None, data_root: str | None) -> list[Finding]:
    """One finding for each data set of the hub, or one that says where they come from."""
    if not data_root:
        text = "not set; data sets of the hub are downloaded, the quick profile needs none"
        return [Finding("DARKROOM_DATA", "note", text)]
    try:
        os.listdir(data_root)
    except OSError as error:
        text = f"{data_root} cannot be read ({error.strerror}); set it to a folder of data sets"
        return [Finding("DARKROOM_DATA", "problem", text)]
    from tasks.data.datasets import check_source

    findings = [Finding("DARKROOM_DATA", "ok", data_root)]
    for name, dataset in (declaration.datasets if declaration else {}).items():
        params = {"dataset": name, **dataset.model_dump(mode="json")}
        if params["source"] != "hub":
            continue
        try:
            check_source(params, data_root)
        except BadInput as error:
            findings.append(Finding(f"data set {name}", "problem", str(error)))
            continue
        rows = sum(params["rows"].values())
        text = f"recognised in {Path(data_root) / params['folder']}, {rows:,} images"
        findings.append(Finding(f"data set {name}", "ok", text))
    return findings


def check_token() -> Finding:
    """Whether there is a token for the hub, and where. The token itself is never shown."""
    for name in TOKEN_NAMES:
        if os.environ.get(name, "").strip():
            return Finding("hub token", "ok", f"present in {name}")
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH", os.path.join(home, "token"))).expanduser()
    try:
        is_there = path.stat().st_size > 0
    except OSError:
        is_there = False
    if is_there:
        return Finding("hub token", "ok", f"present in {path}")
    return Finding("hub token", "note", "none; only models that need a licence ask for one")


def check_hub(timeout: float = HUB_TIMEOUT_SECONDS) -> Finding:
    """Whether the hub answers, without a token."""
    import urllib.error
    import urllib.request

    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return Finding("hub", "note", "not asked, since HF_HUB_OFFLINE is set")
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=timeout):
            pass
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        text = f"{address} cannot be reached ({reason}); what is on this machine still works"
        return Finding("hub", "note", text)
    return Finding("hub", "ok", f"{address} answers")
