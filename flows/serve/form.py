"""The form by which Prefect's interface asks for the parameters of a run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

# Found out or made up by the run itself.
HIDDEN = ("run_id",)


def form_of(
    schema: Mapping[str, Any],
    pipeline: str,
    profiles: Mapping[str, str],
    profile: str,
    backends: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The flow's parameter schema with the choices of one pipeline.

    schema: JSON schema of the flow's parameters, with RunRequest among its definitions.
    profiles: name to title. profile: the one that is chosen at first. backends: name to title;
    none is chosen at first, so that the profile may choose.
    """
    form: dict[str, Any] = copy.deepcopy(dict(schema))
    form["properties"]["request"]["title"] = "Run"
    request = form["definitions"]["RunRequest"]
    request["description"] = "Left as it is, it makes what is not in the store yet, and the report."
    fields = request["properties"]
    for name in HIDDEN:
        del fields[name]
    for name, value in fields.items():
        fields[name] = _without_null(value)
    fields["pipeline"] |= {"enum": [pipeline], "default": pipeline}
    fields["profile"] |= {
        "enum": list(profiles),
        "default": profile,
        "description": _titles(profiles),
    }
    if backends:
        fields["backend"] |= {"enum": list(backends), "description": _titles(backends)}
    return form


def _titles(choices: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {title}" for name, title in choices.items())


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left empty, as its one type: the form then shows a plain input."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return field
    told = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**kinds[0], **told}
