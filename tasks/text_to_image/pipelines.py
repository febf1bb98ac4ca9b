"""Parts of a pipeline read by diffusers from a folder: weights as safetensors, and nothing run.

The safety checker and the watermarker are never loaded. The checker replaces a picture it dislikes
with a black one, so that a figure about the method shows neither the picture nor why it is gone;
it takes 1.2 GB, and the class in diffusers 0.42 cannot be read by transformers 5 at all. The
watermarker prints a logo into what stage II makes, which turned upside down, or far away, is part
of no illusion. Who shows pictures of DeepFloyd to others has its licence to keep to all the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tasks import BadInput, DarkroomError
from tasks.text_to_image.hub_refusal import or_pocket
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.quiet import quiet_libraries

LEFT_OUT = ("safety_checker", "feature_extractor", "watermarker")


def load_pipeline(
    name: Literal["IFPipeline", "IFSuperResolutionPipeline"],
    part: ModelPart,
    folder: Path,
    without: tuple[str, ...],
) -> Any:
    """That pipeline of diffusers with the components of `folder`, but for those `without`.

    Raises BadInput if the libraries cannot read it.
    """
    pipelines = _import_diffusers()
    import torch

    with _told(part), quiet_libraries():
        return getattr(pipelines, name).from_pretrained(
            folder,
            **dict.fromkeys((*LEFT_OUT, *without)),
            requires_safety_checker=False,
            variant=part.variant,
            # Not `.to(float16)` afterwards: from_pretrained knows which of T5's layers overflow.
            torch_dtype=getattr(torch, part.number_format),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )


def check_complete(part: ModelPart, model: Any, folder: Path, names: tuple[str, ...]) -> None:
    """Raise BadInput if some weights are not in the files: the libraries would draw them at random.

    Files that name their weights in an older way have as many that nothing takes, and pass.
    """
    from safetensors import safe_open

    found: set[str] = set()
    for name in names:
        with safe_open(folder / name, framework="pt") as file:
            found.update(file.keys())
    weights = dict(model.named_parameters(remove_duplicate=False))
    here = {id(weights[name]) for name in found & weights.keys()}
    missing = sorted(name for name, weight in weights.items() if id(weight) not in here)
    if len(missing) > len(found - weights.keys()):
        raise BadInput(
            f"{part.title}: {len(missing)} weights are not in its files, {missing[0]} among them; "
            f"fetch or save the model again{or_pocket(part)}"
        )


def _import_diffusers() -> Any:
    """The libraries set their own loggers up as they are imported: to be quiet from then on, they
    are imported first, transformers before diffusers, whose import of it is not silent."""
    import transformers

    del transformers
    with quiet_libraries():
        import diffusers.pipelines.deepfloyd_if  # what it imports warns

    return diffusers


@contextlib.contextmanager
def _told(part: ModelPart) -> Iterator[None]:
    try:
        yield
    except DarkroomError:
        raise
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise BadInput(
            f"{part.title} cannot be loaded ({type(error).__name__}: {first}); see that it is a "
            f"whole model in DeepFloyd's layout{or_pocket(part)}"
        ) from error
