"""What an input of a drawing was made from: the row behind it, and its parameters in words."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.report.wording import duration, plain, spaced
from tasks.store.row import Row

_SETTINGS = ("epoch", "guidance_scale", "noise_level", "kernel", "sigma", "timesteps")
_WITHOUT_SEED = {"image", "prompt", "data"}
_SEEDED_BY_FIGURE = {"denoise", "sample", "variant"}
"""Each grid of theirs draws from the seed of the figure that asked for it."""


def made_by(row: Row, role: str, rows: Mapping[str, Row]) -> Row | None:
    """The input of that role; "epoch_001/data" is the input "data" of the input "epoch_001"."""
    made: Row | None = row
    for part in role.split("/"):
        made = rows.get(made.inputs.get(part, "")) if made else None
    return made


def sampled_as(row: Row, rows: Mapping[str, Row]) -> Row:
    """The row that was sampled, where `row` only chose among tries or enlarged one."""
    for _ in range(4):
        role = {"choice": f"try_{row.info.get('chosen')}", "upscale": "image"}.get(row.kind)
        behind = made_by(row, role, rows) if role else None
        if behind is None:
            return row
        row = behind
    return row


def prompts_of(row: Row, rows: Mapping[str, Row]) -> list[str]:
    """In the order of its combination."""
    count = sum(role.startswith("prompt_") for role in row.inputs)
    made = [made_by(row, f"prompt_{index}", rows) for index in range(count)]
    return [str(each.info.get("prompt", "")) for each in made if each is not None]


def origin_facts(row: Row, rows: Mapping[str, Row]) -> list[tuple[str, str]]:
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


def _sampler_facts(sampled: Row) -> list[tuple[str, str]]:
    """What is null is not asked for: steps of those that take every timestep, and guidance of
    models without classes, of which no kind is then said either."""
    given = sampled.params.get("sampler") or {}
    settings = {name: value for name, value in given.items() if value is not None}
    facts = [("sampler", plain(settings))] if settings else []
    if "guidance_scale" in settings and "guidance" in sampled.params:
        facts.append(("guidance", spaced(str(sampled.params["guidance"]))))
    return facts
