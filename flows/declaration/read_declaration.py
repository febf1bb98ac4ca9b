"""pipelines.yaml from disk, checked; and what it says under a profile and overrides.

The file is checked as it stands, before any override: a value that is wrong stays wrong even where
the profile in use replaces it.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.declaration import Declaration
from flows.declaration.claims import check_claims
from flows.declaration.extend import SHIPPED, SHIPPED_FILE, Source, Written, extend
from flows.declaration.messages import problems_of, refuse
from flows.declaration.models import check_classifiers, check_models
from flows.declaration.overrides import (
    Override,
    apply_overrides,
    parse_override,
    with_paths_from_here,
)
from flows.declaration.problems import Problem, check_name, nearest, show_value
from flows.declaration.schedules import check_schedules
from flows.declaration.strict_yaml import MAX_BYTES, parse_yaml
from flows.declaration.studies import check_guides, check_studies
from flows.declaration.text_to_image import check_backend, check_interval
from tasks import BadInput
from tasks.shipped import shipped_folder
from tasks.store.local_files import given_path


@dataclass(frozen=True)
class DeclarationFile:
    """A checked declaration.

    name: of the file, as messages give it. written: its plain values, and those that it takes
    over. declaration: the same, typed, without any profile.
    """

    name: str
    written: Written
    declaration: Declaration

    @property
    def project_root(self) -> Path:
        """The folder of the file, absolute."""
        return Path(self.name).absolute().parent

    def settle(
        self,
        profile: str | None = None,
        overrides: Sequence[str] = (),
        backend: str | None = None,
    ) -> Declaration:
        """The declaration under a profile (None: the default one), `path=value` overrides and a
        backend (None: as the declaration and the overrides have it).

        Raises BadInput for an unknown profile or backend, and for an override that is malformed,
        matches nothing or breaks a rule.
        """
        name = self.profile_name(profile)
        from_profile = [
            Override(
                path,
                value,
                f"{self.name}, profile {name}",
                # Darkroom's profiles set values of its own figures too.
                may_miss=self.written.is_shipped(("profiles", name, "set", path)),
            )
            for path, value in self.declaration.profiles[name].set.items()
        ]
        from_user = with_paths_from_here(map(parse_override, overrides), self.project_root)
        if backend is not None:
            self._require(backend, self.declaration.backends, "backend")
            from_user.append(Override("backend", backend, f"--backend {backend}"))
        if not from_profile and not from_user:
            return self.declaration
        changed = apply_overrides(self.written.data, [from_profile, from_user])
        # A value of the file may be wrong only beside one that was overridden.
        beside = f" with --set {' '.join(overrides)}" if overrides else f", profile {name}"
        return _check(changed.data, lambda path: self.written.place(path) + beside, changed.origins)

    def pipeline_name(self, pipeline: str | None) -> str:
        """`pipeline`, or the default one. Raises BadInput if it is not declared."""
        declared = self.declaration
        name = pipeline or declared.default_pipeline or next(iter(declared.pipelines), "")
        self.require_pipeline(name)
        return name

    def profile_name(self, profile: str | None) -> str:
        """`profile`, or the default one. Raises BadInput if it is not declared."""
        name = profile or self.declaration.default_profile
        self._require(name, self.declaration.profiles, "profile")
        return name

    def require_pipeline(self, name: str) -> None:
        """Raise BadInput if `name` is not a declared pipeline."""
        self._require(name, self.declaration.pipelines, "pipeline")

    def _require(self, name: str, known: dict[str, Any], what: str) -> None:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near[0]}? " if near else ""
            raise BadInput(
                f"{self.name}: no {what} {name!r}; {hint}Declared: {', '.join(known) or 'none'}"
            )


def read_declaration(path: Path | str) -> DeclarationFile:
    """Read and check a declaration. Raises BadInput, which lists every problem found."""
    path = given_path(path) if isinstance(path, str) else path
    name = str(path)
    own = _read_source(path, name)
    written = Written(own.data, own)
    if "extends" in own.data:
        if own.data["extends"] != SHIPPED:
            told = f"is {show_value(own.data['extends'])}; expected {SHIPPED}"
            raise refuse([Problem(("extends",), told)], own.place)
        shipped = _read_source(shipped_folder() / SHIPPED_FILE, f"Darkroom's {SHIPPED_FILE}")
        written = extend(own, shipped, path.absolute().parent)
    return DeclarationFile(name, written, _check(written.data, written.place, {}))


def _read_source(path: Path, name: str) -> Source:
    text = _read_text(path, name)
    data = parse_yaml(text, name)
    if data is None:
        raise BadInput(f"{name}: is empty; expected a declaration that begins with version: 1")
    if not isinstance(data, dict):
        raise BadInput(f"{name}: expected a mapping of sections (version, models, ...) at the top")
    return Source(name, text, data)


def _read_text(path: Path, name: str) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{name}: is not a file; pass the path of a pipelines.yaml")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise BadInput(
            f"{name}: no such file; run in the folder that holds pipelines.yaml, or pass its path"
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{name}: cannot be read ({error})") from error
    if len(content) > MAX_BYTES:
        raise BadInput(f"{name}: larger than {MAX_BYTES:,} bytes; expected a declaration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name}: byte {error.start} is not UTF-8; save the file in that encoding"
        ) from error


def _check(
    data: dict[str, Any],
    written_at: Callable[[tuple[str, ...]], str],
    origins: dict[tuple[str, ...], str],
) -> Declaration:
    try:
        declaration = Declaration.model_validate(data)
    except ValidationError as error:
        raise refuse(problems_of(error, data), written_at, origins) from error
    problems = list(_problems(declaration))
    if problems:
        raise refuse(problems, written_at, origins)
    return declaration


def _problems(d: Declaration) -> Iterator[Problem]:
    """All that only show when values are seen together: names that exist, sizes that fit."""
    yield from check_classifiers(d.classifiers, d.datasets)
    yield from check_models(d.models, d.classifiers, d.datasets)
    yield from check_studies(d.studies, d.models, d.classifiers)
    yield from check_guides(d.guides, d.models, d.classifiers, d.datasets)
    yield from _check_figures(d)
    yield from _check_pipelines(d)
    yield from check_name(("default_profile",), d.default_profile, d.profiles, "profile")
    if d.default_pipeline is not None:
        yield from check_name(("default_pipeline",), d.default_pipeline, d.pipelines, "pipeline")
    yield from check_backend(d.backend, d.backends)
    if d.pocket is not None:
        path = ("pocket", "measure", "guidance_interval")
        yield from check_interval(path, d.pocket.measure.guidance_interval)
    yield from check_claims(d.claims, d.pipelines, d.figures)
    yield from check_schedules(d.schedules, d.pipelines, d.profiles)


def _check_figures(declaration: Declaration) -> Iterator[Problem]:
    for figure_id, figure in declaration.figures.items():
        seen: set[str] = set()
        for index, panel in enumerate(figure.panels):
            path = ("figures", figure_id, "panels", str(index))
            taken = seen.intersection(panel.drawn_ids())
            if taken:
                where = "id" if panel.id is not None else "plot"
                drawn = "" if panel.name in taken else f', which is drawn as "{min(taken)}"'
                yield Problem(
                    (*path, where),
                    f'is "{panel.name}"{drawn}, as is another panel of the figure; '
                    "expected an id of its own (id: ...)",
                )
            seen.update(panel.drawn_ids())
            yield from panel.problems(declaration, path)


def _check_pipelines(declaration: Declaration) -> Iterator[Problem]:
    for name, pipeline in declaration.pipelines.items():
        path = ("pipelines", name)
        if bool(pipeline.figures) == bool(pipeline.pipelines):
            has = "both figures and pipelines" if pipeline.figures else "neither"
            yield Problem(path, f"has {has}; expected its figures, or pipelines to run as one")
        for index, other in enumerate(pipeline.pipelines):
            at = (*path, "pipelines", str(index))
            yield from check_name(at, other, declaration.pipelines, "pipeline")
            if other in declaration.pipelines and declaration.pipelines[other].pipelines:
                yield Problem(at, f"is {other}, which has none but others' figures itself")
        if pipeline.pipelines and pipeline.text is not None:
            yield Problem((*path, "text"), "is given; expected none beside pipelines, whose pages "
                          "have their own")  # fmt: skip
        if pipeline.lead is not None:
            yield from check_name((*path, "lead"), pipeline.lead, declaration.figures, "figure")
        for index, glob in enumerate(pipeline.figures):
            if not any(fnmatchcase(figure, glob) for figure in declaration.figures):
                near = nearest(glob.replace("*", ""), declaration.figures)
                hint = f"; nearest: {', '.join(near)}" if near else ""
                yield Problem(
                    ("pipelines", name, "figures", str(index)),
                    f"is {show_value(glob)}, which matches no figure{hint}",
                )
