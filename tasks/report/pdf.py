"""A page of a report as a PDF, printed by Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tasks import BadInput, StepFailed
from tasks.report.files import PDF_MARK

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 300


def print_page(page: Path) -> bytes:
    """The PDF of an HTML file: stills for animations, page numbers below, links kept.

    Raises BadInput if no Chromium is installed or there is no such page, StepFailed if it makes
    no PDF of it.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise BadInput(
            f"--pdf needs Chromium, and none of {', '.join(BROWSERS)} is installed; install one "
            "(Debian: apt install chromium), or open the page and print it"
        )
    if not page.is_file():
        raise BadInput(
            f"the report has no {page.name}; pipelines that are run as one have a page each: name "
            "one of them with --pipeline"
        )
    # Chromium refuses to be root inside its sandbox.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        printed = Path(folder) / "page.pdf"
        command = [
            browser, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", *as_root,
            f"--user-data-dir={folder}/profile", "--no-first-run", "--no-pdf-header-footer",
            "--generate-pdf-document-outline", f"--print-to-pdf={printed}",
            page.absolute().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{browser} did not print {page.name} in {SECONDS} s") from None
        if not printed.is_file():
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise StepFailed(f"{browser} did not print {page.name}: {lines[-1] if lines else ''}")
        return printed.read_bytes() + PDF_MARK
