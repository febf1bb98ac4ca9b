"""What the write-ups claim, each to be checked on a run's own figures; and the similarity model."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from flows.declaration.fields import Name, Section, Seed
from flows.declaration.problems import Problem, check_distinct, check_name
from flows.declaration.text_to_image import Address, Revision

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=300)]


def _defined(claim_id: str) -> str:
    # By its name: what gathers evidence of panels reads declarations, so it is above them.
    if claim_id not in importlib.import_module("flows.claims.evidence").gathers.all():
        raise ValueError(f"no claim {claim_id} is defined")
    return claim_id


ClaimId = Annotated[str, AfterValidator(_defined)]
"""A claim that flows.claims gathers evidence of; tasks.claims defines each of them."""


class Claim(Section):
    """claim: what the write-ups say. holds_when: what has to be measured for it to hold.
    writeups: the pipelines whose figures it is checked on. more_seeds: drawn for the check beside
    the figure's own, where one picture says too little."""

    claim: Sentence
    holds_when: Sentence
    writeups: Annotated[list[Name], Field(min_length=1, max_length=100)]
    more_seeds: Annotated[list[Seed], Field(max_length=100)] = Field(default_factory=list)


class Similarity(Section):
    """How well a picture fits a text is asked of this model, in the layout of transformers' CLIP.

    model: a folder, relative to that of pipelines.yaml or absolute, or owner/name of a repository
    of the hub, with @revision behind it where it is not `revision`.
    """

    model: Address = "data/models/pocket-clip"
    revision: Revision = "main"


def check_claims(claims: Mapping[ClaimId, Claim], pipelines: Iterable[str]) -> Iterator[Problem]:
    """The write-ups that claims are checked on are declared pipelines."""
    for name, claim in claims.items():
        path = ("claims", name)
        yield from check_distinct((*path, "writeups"), claim.writeups)
        yield from check_distinct((*path, "more_seeds"), claim.more_seeds)
        for index, writeup in enumerate(claim.writeups):
            yield from check_name((*path, "writeups", str(index)), writeup, pipelines, "pipeline")
