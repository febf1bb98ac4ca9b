"""The step that trains the pocket similarity model, and tells how well it finds its captions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.pocket.similarity.similarity_batches import (
    disturbed,
    draw_pairs,
    high_passed,
    seen_small,
)
from tasks.pocket.similarity.similarity_model import (
    IMAGE_SIZE,
    clip_tokens,
    contrastive_loss,
    image_processor,
    save_clip_tokenizer,
    similarity_model,
)
from tasks.pocket.train_pocket import final_loss, loss_table
from tasks.pocket.training_loop import PhaseState, PocketRecipe, run_phase
from tasks.pocket.world.sources import load_world
from tasks.pocket.world.world import World
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes

HELD_OUT = 2000
"""Pictures that retrieval accuracy is measured on."""
PHASE = "similarity"

CONDITIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "whole": lambda pictures, generator: pictures,
    "at_24": lambda pictures, generator: seen_small(pictures, 24),
    "at_16": lambda pictures, generator: seen_small(pictures, 16),
    "at_8": lambda pictures, generator: seen_small(pictures, 8),
    "high_passed": lambda pictures, generator: high_passed(pictures),
    "disturbed": lambda pictures, generator: disturbed(pictures.clone(), generator),
}
"""How the held-out renderings are seen: as drawn, from afar, and as in training."""


def train_similarity(step: Step) -> StepResult:
    """Objects: weights.safetensors in float16, tokenizer.zip, loss.parquet, retrieval.parquet.

    Metrics: <measure>_<condition>, as _retrieval finds them on renderings never trained on.
    """
    recipe = PocketRecipe.from_params(step.params)
    world = _world(step)
    folder = step.workspace / "tokenizer"
    save_clip_tokenizer(world.texts, folder)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    tokens, mask = clip_tokens(tokenizer, world.texts)
    with seeded_initialisation(step.seed):
        model = similarity_model(len(tokenizer), tokenizer.eos_token_id)
    nn.Module.to(model, step.device)
    phase = recipe.phases[PHASE]

    def report(state: PhaseState, ema: object) -> None:
        step.report(state.step, phase.steps, f"loss {state.losses[-1]:.4f}")

    state, weights = run_phase(
        phase,
        model,
        contrastive_loss(
            model,
            tokens.to(step.device),
            mask.to(step.device),
            world,
            getattr(torch, step.number_format),
        ),
        seed=step.seed,
        checkpoint=step.workspace / f"{PHASE}.safetensors",
        device=step.device,
        on_window=report,
        should_stop=step.should_stop,
    )
    model.load_state_dict(weights)
    nn.Module.eval(model)
    # Other arrangements of scenes than any that were trained on.
    held_out = _world(step, world_seed=int(step.params["world_seed"]) + 1)
    found = _retrieval(model, tokenizer, held_out, step.seed)
    return StepResult(
        {
            "weights.safetensors": tensors_to_bytes(
                {name: tensor.half().cpu().clone() for name, tensor in model.state_dict().items()}
            ),
            "tokenizer.zip": _zipped(folder),
            "loss.parquet": loss_table([PHASE], [state]),
            "retrieval.parquet": table_to_bytes(
                pa.Table.from_pylist(
                    [{"condition": condition, **shares} for condition, shares in found.items()]
                )
            ),
        },
        {
            "parameters": float(sum(p.numel() for p in model.parameters())),
            "training_seconds": state.seconds,
            **final_loss(state),
            **{
                f"{measure}_{condition}": share
                for condition, shares in found.items()
                for measure, share in shares.items()
            },
        },
    )


def _world(step: Step, world_seed: int | None = None) -> World:
    return load_world(
        step.params,
        step.project_root,
        world_seed=world_seed,
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


@torch.inference_mode()
def _retrieval(
    model: CLIPModel, tokenizer: CLIPTokenizer, world: World, seed: int
) -> dict[str, dict[str, float]]:
    """Condition to {"concept", "style", "both"}: shares of HELD_OUT pictures of `world` whose
    nearest text names the right concept (among all, in the right style), the right style (among
    all, of the right concept), and both at once (among all concepts in all styles)."""
    generator = named_generator(seed, PHASE, "held out", device=world.device)
    batch = draw_pairs(world, IMAGE_SIZE, HELD_OUT, generator, photographs=0)
    concepts, styles = world.captions.shape[:2]
    texts = [world.texts[caption] for caption in world.captions[..., 0].flatten().tolist()]
    tokens, mask = (each.to(world.device) for each in clip_tokens(tokenizer, texts))
    words = functional.normalize(
        model.get_text_features(input_ids=tokens, attention_mask=mask).pooler_output
    )
    rows = torch.arange(HELD_OUT, device=world.device)
    found = {}
    for condition, seen in CONDITIONS.items():
        pictures = seen(batch.pictures, generator)
        images = torch.cat(
            [
                model.get_image_features(pixel_values=part).pooler_output
                for part in pictures.split(200)
            ]
        )
        fit = (functional.normalize(images) @ words.T).view(-1, concepts, styles)
        right_concept = fit[rows, :, batch.style].argmax(1) == batch.concept
        right_style = fit[rows, batch.concept].argmax(1) == batch.style
        both = fit.flatten(1).argmax(1) == batch.concept * styles + batch.style
        found[condition] = {
            "concept": float(right_concept.float().mean()),
            "style": float(right_style.float().mean()),
            "both": float(both.float().mean()),
        }
    return found


def save_similarity_model(weights: bytes, tokenizer: bytes, folder: Path) -> None:
    """Write `folder` in CLIPModel's layout, as transformers saves one."""
    from safetensors.torch import load

    _unzip(tokenizer, folder)
    words = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = similarity_model(len(words), words.eos_token_id)
    model.load_state_dict(load(weights))
    nn.Module.half(model)
    model.save_pretrained(str(folder))
    image_processor().save_pretrained(str(folder))


def _unzip(data: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            (folder / Path(name).name).write_bytes(archive.read(name))


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            # A fixed date: the same tokenizer must give the same bytes.
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    return buffer.getvalue()
