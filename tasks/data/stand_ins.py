"""Files that are something else than their name says: what came in the place of the real one.

Looked at before a library is asked to read the file, whose own words would be about headers.
"""

from __future__ import annotations

from pathlib import Path

from tasks import BadInput

HEAD = 512
"""Bytes at the beginning that tell."""


def stand_in(head: bytes) -> str | None:
    """What a file that begins with `head` is, and what to do; None for one that may be real.

    To be asked only of formats that never begin so: pictures, weights, JSON, Parquet.
    """
    if not head:
        return "is empty (0 bytes); save or download it again"
    start = head[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"version https://git-lfs"):
        return (
            "is a Git LFS pointer, not the file itself; fetch that with `git lfs pull` in the "
            "folder it was cloned to"
        )
    is_page = start[:64].lower().startswith((b"<!doctype html", b"<html"))
    if b"<svg" in start and not is_page:
        return "is an SVG drawing, not pixels; save it as PNG"
    if start.startswith(b"<"):
        return (
            "is a web page saved under this name, not the file itself; log in where it comes from "
            "if that is asked, and download it again"
        )
    return None


def refuse_stand_in(path: Path, called: str | None = None) -> None:
    """Raise BadInput if the file is a stand-in or cannot be read. called: what messages say for it,
    by default its path."""
    name = str(path) if called is None else called
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror or error})") from error
    if found := stand_in(head):
        raise BadInput(f"{name} {found}")
