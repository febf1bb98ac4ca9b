"""Play data as a script of its own: a page opened from disk may load scripts, but nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def play_file(anchor: str, data: Mapping[str, Any]) -> bytes:
    """A script that hands the play data of one panel to static/script/play_files.js.

    anchor: of the panel on its page. The data are JSON inside a string: read as a literal, a member
    called __proto__ would be none. ASCII alone, as U+2028 once ended lines of scripts, and without
    "<", so that nothing ends an element wherever the text is pasted.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    call = f"darkroom.play({json.dumps(anchor)},{json.dumps(text)});\n"
    return call.replace("<", "\\u003c").encode("ascii")
