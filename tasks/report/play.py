"""What readers can do with a picture, and what they are told of each on a sheet: the data that the
page's script reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.figures.playing.panel import (
    DrawnPanel,
    Place,
    made_by,
    prompts_of,
    sampled_as,
    sheet_origins,
    sheet_places,
)
from tasks.figures.plots import play_panel
from tasks.report.files import Assets
from tasks.report.wording import duration, plain, spaced
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store

_OF_A_PLACE = ("left", "top", "width", "height", "title", "about")
_SETTINGS = ("epoch", "guidance_scale", "noise_level", "kernel", "sigma", "timesteps")
_WITHOUT_SEED = {"image", "prompt", "data"}
_SEEDED_BY_FIGURE = {"denoise", "sample", "variant"}
"""Each grid of theirs draws from the seed of the figure that asked for it."""

Facts = list[tuple[str, str]]
"""Names and values."""


def play_data(
    plot: str, row: Row, rows: Mapping[str, Row], store: Store, assets: Assets
) -> dict[str, Any] | None:
    """What the script needs of one panel, as plain JSON; None if there is nothing to play with.

    plot: as the panel has it. places, facts: of the sheet. control: its kind and data, or None.
    """

    def read(of: Row, name: str) -> bytes:
        return store.read_object(of.objects[name])

    def add_file(of: Row, name: str) -> str:
        return assets.add(read(of, name), of.objects[name].extension)

    try:
        places = sheet_places(row)
        control = play_panel(plot, DrawnPanel(row, rows, places, read, add_file))
        facts = sheet_facts(row, rows, places)
    except (AttributeError, CorruptArtifact, IndexError, KeyError, TypeError, ValueError):
        return None  # of another version, or damaged: the still remains
    # Only what the script reads: places are a third of a large page.
    shown = [{name: place[name] for name in _OF_A_PLACE} for place in places]
    return {"places": shown, "facts": facts, "control": control} if places or control else None


def play_file(anchor: str, data: Mapping[str, Any]) -> bytes:
    """A script that hands the play data of one panel to static/script/play_files.js: a page opened
    from disk may load scripts, but nothing else.

    anchor: of the panel on its page. The data are JSON inside a string: read as a literal, a member
    called __proto__ would be none. ASCII alone, as U+2028 once ended lines of scripts, and without
    "<", so that nothing ends an element wherever the text is pasted.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    call = f"darkroom.play({json.dumps(anchor)},{json.dumps(text)});\n"
    return call.replace("<", "\\u003c").encode("ascii")


def sheet_facts(row: Row, rows: Mapping[str, Row], places: Sequence[Place]) -> dict[str, Facts]:
    """What made the pictures of a sheet, by the keys in their places' `about`: parameters of a
    block, row, column or picture, and what made the input of a role."""
    origins = sheet_origins(row)
    facts = {}
    for key in sorted({key for place in places for key in place["about"]}):
        if key in origins:
            params = origins[key]["params"]
            facts[key] = [(spaced(name), plain(value)) for name, value in params.items()]
        elif (made := made_by(row, key, rows)) is not None:
            facts[key] = origin_facts(made, rows)
    return facts


def origin_facts(row: Row, rows: Mapping[str, Row]) -> Facts:
    """Prompts, seed, where it started, settings, time and key of what made a picture."""
    sampled = sampled_as(row, rows)
    facts = [("node", row.name)]
    facts += [("prompt", prompt) for prompt in prompts_of(sampled, rows)]
    if sampled.kind not in _WITHOUT_SEED | _SEEDED_BY_FIGURE:
        facts.append(("seed", str(sampled.seed)))
    for role in ("model", "image"):
        behind = made_by(sampled, role, rows)
        if behind is not None:
            facts.append((role, behind.name.partition("/")[2]))
    start = sampled.params.get("start")
    if isinstance(start, str):
        facts.append(("start", spaced(start)))
    elif start and start.get("i_start") is not None:
        facts.append(("i_start", str(start["i_start"])))
    for name in _SETTINGS:
        value = sampled.params.get(name)
        if value not in (None, "", {}):
            facts.append((spaced(name), plain(value)))
    facts += _sampler_facts(sampled)
    facts.append(("took", duration(sampled.seconds)))
    facts.append(("key", row.key[:12]))
    return facts


def _sampler_facts(sampled: Row) -> Facts:
    """What is null is not asked for: steps of those that take every timestep, and guidance of
    models without classes, of which no kind is then said either."""
    given = sampled.params.get("sampler") or {}
    settings = {name: value for name, value in given.items() if value is not None}
    facts = [("sampler", plain(settings))] if settings else []
    if "guidance_scale" in settings and "guidance" in sampled.params:
        facts.append(("guidance", spaced(str(sampled.params["guidance"]))))
    return facts
