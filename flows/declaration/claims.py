"""What the write-ups claim, each to be checked on a run's own figures; and the similarity model."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from flows.declaration.fields import Name, Section, Seed
from flows.declaration.problems import Path, Problem, check_distinct, check_name, show_value
from flows.declaration.text_to_image import Address, Revision
from tasks.writing.numbers import Comparison, NotReadable, parse_comparison

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Claim(Section):
    """A claim that is defined in Python, or one of the author's own.

    claim: what the write-ups say; flows.claims gathers evidence of it, by its name, and
    tasks.claims defines it. holds_when: what has to be measured for it to hold. writeups: the
    pipelines whose figures it is checked on. more_seeds: drawn for the check beside the figure's
    own, where one picture says too little.

    statement, in place of claim: of the author's own. holds_when: then a comparison of metrics.
    figures: what it stands beside. It is checked for `writeups`, for pipelines with all its
    figures, and where a text states it.
    """

    claim: Sentence | None = None
    statement: Sentence | None = None
    holds_when: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    writeups: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    figures: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    more_seeds: Annotated[list[Seed], Field(max_length=100)] = Field(default_factory=list)

    @property
    def words(self) -> str:
        return self.claim or self.statement or ""

    @property
    def comparison(self) -> Comparison | None:
        """Of a claim of the author's own."""
        return parse_comparison(self.holds_when) if self.statement is not None else None


class Similarity(Section):
    """How well a picture fits a text is asked of this model, in the layout of transformers' CLIP.

    model: a folder, relative to that of pipelines.yaml or absolute, or owner/name of a repository
    of the hub, with @revision behind it where it is not `revision`.
    """

    model: Address = "data/models/pocket-clip"
    revision: Revision = "main"


def check_claims(
    claims: Mapping[str, Claim], pipelines: Iterable[str], figures: Iterable[str]
) -> Iterator[Problem]:
    """Each is defined in Python or here; write-ups are declared pipelines, figures are declared."""
    figures = list(figures)
    for name, claim in claims.items():
        path = ("claims", name)
        yield from _check_definition(path, name, claim)
        for index, figure in enumerate(claim.figures):
            yield from check_name((*path, "figures", str(index)), figure, figures, "figure")
        yield from check_distinct((*path, "writeups"), claim.writeups)
        yield from check_distinct((*path, "more_seeds"), claim.more_seeds)
        for index, writeup in enumerate(claim.writeups):
            yield from check_name((*path, "writeups", str(index)), writeup, pipelines, "pipeline")


def _check_definition(path: Path, name: str, claim: Claim) -> Iterator[Problem]:
    if (claim.claim is None) == (claim.statement is None):
        yield Problem(path, "expected either claim: or statement: in it")
        return
    # By its name: what gathers evidence of panels reads declarations, so it is above them.
    is_defined = name in importlib.import_module("flows.claims.evidence").gathers.all()
    if claim.statement is None:
        if not is_defined:
            yield Problem(
                path,
                "is not defined in Darkroom; expected statement: instead of claim:, and a "
                "comparison of metrics in holds_when:",
            )
        if not claim.writeups:
            yield Problem((*path, "writeups"), "is missing")
        return
    if is_defined:
        yield Problem(path, "is a claim that Darkroom defines; expected a name of its own")
    try:
        _ = claim.comparison
    except NotReadable as error:
        yield Problem((*path, "holds_when"), f"is {show_value(claim.holds_when)}; {error}")
