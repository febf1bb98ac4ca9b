"""From what is wrong with a declaration to lines a user can act on.

One line a problem: where it was written, the path in the file, the value, what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from flows.declaration.document import Declaration
from flows.declaration.fields import (
    FILE_NAME_PATTERN,
    TEXT_FILE_PATTERN,
    annotation_of,
    in_full,
    is_choice,
    names_in,
)
from flows.declaration.objectives import DENOISING_KINDS, GENERATIVE_KINDS
from flows.declaration.problems import Path, Problem, nearest, show_number, show_value
from tasks import BadInput

MAX_PROBLEMS = 30

_NAME_RULE = (
    "a name of lower-case letters, digits, _ and -, at most 64, beginning with a letter or digit"
)


def problems_of(error: ValidationError, data: Any) -> list[Problem]:
    """The problems that pydantic found in the plain values `data`, in the order of the file."""
    found: dict[Problem, None] = {}
    for item in error.errors(include_url=False):
        found[_problem(item, data)] = None
    return list(found)


def refuse(
    problems: Sequence[Problem],
    written_at: Callable[[Path], str],
    origins: Mapping[Path, str] | None = None,
) -> BadInput:
    """The error that lists all problems, each with the origin of its value.

    written_at: where the files have a value. origins: where it was changed since.
    """
    lines = [
        f"{_origin(problem.path, written_at, origins or {})}: "
        f"{'.'.join(problem.path) or 'the declaration'} {problem.text}"
        for problem in problems[:MAX_PROBLEMS]
    ]
    if len(problems) > MAX_PROBLEMS:
        lines.append(f"... and {len(problems) - MAX_PROBLEMS} more problems")
    return BadInput("\n".join(lines))


def _origin(path: Path, written_at: Callable[[Path], str], origins: Mapping[Path, str]) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return written_at(path)


def _problem(item: Any, data: Any) -> Problem:
    kind, context = item["type"], item.get("ctx", {})
    path = _path_in(item["loc"], data, is_missing=kind == "missing")
    if item["loc"] and item["loc"][-1] == "[key]":
        return Problem(path, f"is not a name; expected {_NAME_RULE}")
    if kind == "missing":
        return Problem(path, "is missing")
    if kind == "extra_forbidden":
        return Problem(path, f"is not a known key{_known_keys(path, data)}")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(kind, path, context, item["input"])
    expected = _EXPECTED.get(kind)
    text = expected(context) if expected else item["msg"][:1].lower() + item["msg"][1:]
    return Problem(path, f"is {show_value(item['input'])}; expected {text}")


def _one_of(context: Mapping[str, Any]) -> str:
    names = str(context["expected"]).replace(" or ", ", ").replace("'", "")
    return names if "," not in names else f"one of: {names}"


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _pattern(context: Mapping[str, Any]) -> str:
    pattern = str(context["pattern"])
    if "{64}" in pattern:
        return "64 hexadecimal digits (a SHA-256)"
    if pattern == TEXT_FILE_PATTERN:
        return "a .md or .bib file in the folder of pipelines.yaml or below it, such as text.md"
    if pattern == FILE_NAME_PATTERN:
        return "the name of a file, without a folder"
    return "owner/name of a repository" if "/" in pattern else _NAME_RULE


_EXPECTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda c: f"at least {show_number(c['ge'])}",
    "greater_than": lambda c: f"more than {show_number(c['gt'])}",
    "less_than_equal": lambda c: f"at most {show_number(c['le'])}",
    "less_than": lambda c: f"less than {show_number(c['lt'])}",
    "multiple_of": lambda c: f"a multiple of {show_number(c['multiple_of'])}",
    "int_type": lambda c: "a whole number",
    "float_type": lambda c: "a number",
    "finite_number": lambda c: "a finite number",
    "string_type": lambda c: "text",
    "string_too_short": lambda c: f"at least {c['min_length']} characters",
    "string_too_long": lambda c: f"at most {c['max_length']} characters",
    "string_pattern_mismatch": _pattern,
    "bool_type": lambda c: "true or false",
    "list_type": lambda c: "a list",
    "dict_type": lambda c: "a mapping",
    "model_type": lambda c: "a mapping",
    "model_attributes_type": lambda c: "a mapping",
    "too_short": lambda c: f"at least {c['min_length']} {_entries(c['min_length'])}",
    "too_long": lambda c: f"at most {c['max_length']} entries",
    "literal_error": _one_of,
}


def _wrong_tag(kind: str, path: Path, context: Mapping[str, Any], value: Any) -> Problem:
    name = str(context["discriminator"]).strip("'")
    if not isinstance(value, dict):
        return Problem(path, f"is {show_value(value)}; expected a mapping")
    if kind == "union_tag_not_found":
        return Problem((*path, name), "is missing")
    allowed = str(context["expected_tags"]).replace("'", "")
    if path[-1] == "objective":
        # Only half of the kinds fit the rest of the model; the user may mean any.
        allowed = ", ".join((*DENOISING_KINDS, *GENERATIVE_KINDS))
    return Problem((*path, name), f"is {show_value(value.get(name))}; expected one of: {allowed}")


def _known_keys(path: Path, data: Any) -> str:
    annotation: Any = Declaration
    value = data
    for segment in path[:-1]:
        annotation = annotation_of(annotation, value, segment)
        value = _step_into(value, segment)
    names = names_in(annotation, value)
    near = nearest(path[-1], names)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"; {meant}Known here: {', '.join(names)}" if names else ""


def _path_in(location: Sequence[Any], data: Any, *, is_missing: bool) -> Path:
    """The path in the file: pydantic's location without the tags of unions."""
    path: list[str] = []
    value: Any = data
    annotation: Any = Declaration
    is_tagged = False
    for index, segment in enumerate(location):
        # Where sections are to choose from, the next name is that of the choice, whatever keys the
        # mapping has; only the value of the file tells which keys it has.
        if is_choice(annotation) and not is_tagged:
            is_tagged = True
            continue
        below = _step_into(value, str(segment))
        if below is not _ABSENT:
            path.append(str(segment))
            annotation = annotation_of(annotation, in_full(annotation, value), str(segment))
            value, is_tagged = below, False
        elif is_missing and index == len(location) - 1:
            path.append(str(segment))
    return tuple(path)


_ABSENT = object()


def _step_into(value: Any, segment: str) -> Any:
    if isinstance(value, dict):
        return value.get(segment, _ABSENT)
    if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
        return value[int(segment)]
    return _ABSENT
