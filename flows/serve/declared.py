"""What a declaration has Prefect serve: one deployment a pipeline, with its schedules and the form
by which Prefect's interface asks for the parameters of a run.

Without Prefect, so that a declaration that cannot be served is refused before a server starts.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.declaration.read_declaration import DeclarationFile
from flows.declaration.schedules import Schedule
from flows.run.run_request import RunRequest
from tasks import BadInput

# Found out or made up by the run itself.
HIDDEN = ("run_id",)


@dataclass(frozen=True)
class DeclaredSchedule:
    """request: what its runs are asked to do."""

    schedule: Schedule
    request: RunRequest


@dataclass(frozen=True)
class DeclaredDeployment:
    """profiles, backends: those a run can choose from, with titles. schedules: by their names."""

    pipeline: str
    title: str
    profiles: dict[str, str]
    request: RunRequest
    schedules: dict[str, DeclaredSchedule] = field(default_factory=dict)
    backends: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Changes when, and only when, the pipeline is declared to run otherwise."""
        told = {
            "request": parameters_of(self.request),
            "schedules": {
                name: [declared.schedule.model_dump(), parameters_of(declared.request)]
                for name, declared in self.schedules.items()
            },
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def declared_deployments(
    file: DeclarationFile, base: RunRequest, pipelines: Sequence[str] = ()
) -> list[DeclaredDeployment]:
    """Of these pipelines, or of all. base: where results go and data comes from.

    Raises BadInput for an unknown pipeline and for a schedule whose overrides do not fit.
    """
    for name in pipelines:
        file.require_pipeline(name)
    declaration = file.declaration
    found = []
    for name, pipeline in declaration.pipelines.items():
        if pipelines and name not in pipelines:
            continue
        request = base.model_copy(update={"pipeline": name, "profile": declaration.default_profile})
        schedules = {
            schedule_name: _declared(file, request, schedule_name, schedule)
            for schedule_name, schedule in declaration.schedules.items()
            if schedule.pipeline == name
        }
        profiles = {profile: item.title for profile, item in declaration.profiles.items()}
        backends = {backend: item.title for backend, item in declaration.backends.items()}
        found.append(
            DeclaredDeployment(name, pipeline.title, profiles, request, schedules, backends)
        )
    return found


def parameters_of(request: RunRequest) -> dict[str, Any]:
    """The parameters of the flow, without what is left at its default."""
    values = request.model_dump(exclude_defaults=True)
    # Told even where they are the default: a form shows them, and defaults change.
    return {"request": {**values, "pipeline": request.pipeline, "store": request.store}}


def _declared(
    file: DeclarationFile, request: RunRequest, name: str, schedule: Schedule
) -> DeclaredSchedule:
    try:
        file.settle(schedule.profile, schedule.overrides)
    except BadInput as error:
        raise BadInput(f"{file.name}: schedules.{name}.overrides: {error}") from error
    profile = schedule.profile or file.declaration.default_profile
    update = {"profile": profile, "overrides": schedule.overrides}
    return DeclaredSchedule(schedule, request.model_copy(update=update))


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
