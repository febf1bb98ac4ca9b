"""A real Chromium, and pages that remember what they did."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


REQUIRED = "DARKROOM_REQUIRE_BROWSER"


def chromium() -> Iterator[object]:
    """One browser, closed afterwards. Where there is none the test is skipped, or fails if
    DARKROOM_REQUIRE_BROWSER is set."""
    if os.environ.get(REQUIRED):
        from playwright import sync_api

        if not Path(CHROMIUM).exists():
            pytest.fail(f"{REQUIRED} is set, but Chromium is not installed at {CHROMIUM}")
    else:
        sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not Path(CHROMIUM).exists():
        found = shutil.which("chromium") or "nowhere"
        pytest.skip(f"Chromium is not installed at {CHROMIUM} (found: {found})")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


class Visit:
    """An open page that remembers what it asked for and complained of.

    until: "networkidle" takes half a second more, and leaves nothing still to be asked for; "load"
    is enough where the test waits for what it uses.
    """

    def __init__(
        self,
        browser,
        path: Path,
        width: int = 1440,
        scheme: str = "light",
        until: str = "networkidle",
    ) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and self.complaints.append(message.text)
            ),
        )
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri())
        # A picture is taken where its element was when asked for, which a smooth scroll leaves.
        self.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
        self.page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        self.page.wait_for_load_state(until)


def pixels_of(locator) -> np.ndarray:
    """[height, width, 3] u8 of an element as it is seen."""
    with Image.open(io.BytesIO(locator.screenshot())) as image:
        return np.asarray(image.convert("RGB"))


def squares_of(locator, size: int) -> np.ndarray:
    """[size, size, 3] u8: the middle of each enlarged pixel of a square picture."""
    seen = pixels_of(locator)
    middles = (np.arange(size) + 0.5) * len(seen) / size
    return seen[np.ix_(middles.astype(int), middles.astype(int))]
