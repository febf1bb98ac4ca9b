"""Names of nodes made of prompts: short, readable, and safe in paths and addresses."""

from __future__ import annotations

import hashlib
import re

MAX_LENGTH = 40


def slug(text: str, max_length: int = MAX_LENGTH) -> str:
    """Lower-case letters, digits and hyphens, cut between words; "x" for text that has none."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(words) > max_length:
        words = words[: max_length + 1].rpartition("-")[0] or words[:max_length]
    return words or "x"


def prompt_name(prompt: str) -> str:
    """Name of the node that encodes `prompt`; the digest tells prompts of one slug apart."""
    if prompt == "":
        return "prompt/empty"
    digest = hashlib.sha256(prompt.encode()).hexdigest()[:8]
    return f"prompt/{slug(prompt)}-{digest}"
