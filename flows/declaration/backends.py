"""Where the text-to-image model comes from: folders of this machine, or repositories of the hub."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from flows.declaration.fields import Name, Section, Title

Address = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Revision = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Backend(Section):
    """A model in DeepFloyd's layout.

    stage_one, stage_two: a folder, relative to that of pipelines.yaml or absolute, or owner/name
    of a repository of the hub, with @revision behind it where it is not `revision`. The encoder is
    that of stage_one; figures that enlarge nothing need no stage_two. variant: "fp16" for the
    weights in *.fp16.safetensors. number_format: of the weights in memory; auto is float16 for an
    fp16 variant on a GPU, else that of the run. prompt_embeds: a file of embeddings, such as a
    course's prompt_embeds_dict.pth, that takes the encoder's place.
    """

    title: Title
    stage_one: Address
    stage_two: Address | None = None
    variant: Name | None = None
    revision: Revision = "main"
    number_format: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    prompt_embeds: Address | None = None
