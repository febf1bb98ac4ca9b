"""The step that trains the pocket similarity model, and tells how well it finds its captions."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import CLIPModel, CLIPTokenizer

from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.pocket.bank import Bank
from tasks.pocket.batches import BatchSource, reduced
from tasks.pocket.concepts import Concept
from tasks.pocket.recipe import PocketRecipe
from tasks.pocket.similarity_model import (
    clip_tokens,
    contrastive_loss,
    image_processor,
    save_clip_tokenizer,
    similarity_model,
)
from tasks.pocket.sources import load_bank
from tasks.pocket.training_loop import PhaseState, run_phase
from tasks.pocket.treatments import STYLES
from tasks.step import Step, StepResult, tensors_to_bytes
from tasks.train_pocket import final_loss, loss_table

HELD_OUT = 2000
"""Pictures that retrieval accuracy is measured on."""
PHASE = "similarity"


def train_similarity(step: Step) -> StepResult:
    """Objects: weights.safetensors in float16, tokenizer.zip. Metrics: retrieval of the concept
    (among all phrases) and of the style (among all styles) on renderings never trained on.
    """
    recipe = PocketRecipe.from_params(step.params)
    bank, concepts = load_bank(step.params, step.project_root)
    folder = step.workspace / "tokenizer"
    save_clip_tokenizer(bank.texts(), folder)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    tokens, mask = clip_tokens(tokenizer, bank.texts())
    with seeded_initialisation(step.seed):
        model = similarity_model(len(tokenizer), tokenizer.eos_token_id)
    phase = recipe.phases[PHASE]

    def report(state: PhaseState, ema: object) -> None:
        step.report(state.step, phase.steps, f"loss {state.losses[-1]:.4f}")

    state, weights = run_phase(
        phase,
        model,
        contrastive_loss(
            model, tokens, mask, BatchSource(bank), getattr(torch, step.number_format)
        ),
        seed=step.seed,
        checkpoint=step.workspace / f"{PHASE}.safetensors",
        on_window=report,
        should_stop=step.should_stop,
    )
    model.load_state_dict(weights)
    nn.Module.eval(model)
    # Other grounds and textures than any that were trained on.
    held_out, _ = load_bank(
        {**step.params, "bank_seed": int(step.params["bank_seed"]) + 1}, step.project_root
    )
    return StepResult(
        {
            "weights.safetensors": tensors_to_bytes(
                {name: tensor.half().clone() for name, tensor in model.state_dict().items()}
            ),
            "tokenizer.zip": _zipped(folder),
            "loss.parquet": loss_table([PHASE], [state]),
        },
        {
            "parameters": float(sum(p.numel() for p in model.parameters())),
            "training_seconds": state.seconds,
            **final_loss(state),
            **_retrieval(model, tokenizer, held_out, concepts, step.seed),
        },
    )


def load_similarity_model(step: Step, role: str) -> tuple[CLIPModel, CLIPTokenizer]:
    """The model and tokenizer that the input `role` trained."""
    folder = step.workspace / "similarity"
    folder.mkdir(exist_ok=True)
    _unzip(step.read(role, "tokenizer.zip"), folder)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = similarity_model(len(tokenizer), tokenizer.eos_token_id)
    model.load_state_dict(step.read_tensors(role, "weights.safetensors"))
    nn.Module.float(model)
    nn.Module.eval(model)
    return model, tokenizer


@torch.inference_mode()
def nearest_text(
    model: CLIPModel, tokenizer: CLIPTokenizer, pictures: Tensor, texts: list[str]
) -> Tensor:
    """For each of `pictures` [n, 3, 64, 64] the number of the text that fits it best, [n]."""
    images = torch.cat([_image_features(model, part) for part in pictures.split(200)])
    return _nearest(model, tokenizer, images, texts)


def _image_features(model: CLIPModel, pictures: Tensor) -> Tensor:
    features: Tensor = model.get_image_features(pixel_values=pictures).pooler_output
    return features


@torch.inference_mode()
def _retrieval(
    model: CLIPModel,
    tokenizer: CLIPTokenizer,
    bank: Bank,
    concepts: list[Concept],
    seed: int,
) -> dict[str, float]:
    generator = named_generator(seed, PHASE, "held out")
    batch = BatchSource(bank).draw(HELD_OUT, generator)
    pictures = reduced(batch.pictures, 2)
    images = torch.cat([_image_features(model, part) for part in pictures.split(200)])
    phrases = [concept.phrase for concept in concepts]
    found = _nearest(model, tokenizer, images, phrases)
    concept_accuracy = float((found == batch.concept).float().mean())
    templates = [texts[0] for _, texts in STYLES.values()]
    hits = []
    for image, concept, style in zip(images, batch.concept.tolist(), batch.style, strict=True):
        texts = [template.format(phrases[concept]) for template in templates]
        hits.append(_nearest(model, tokenizer, image[None], texts)[0] == style)
    return {
        "concept_retrieval": concept_accuracy,
        "style_retrieval": float(torch.stack(hits).float().mean()),
    }


def _nearest(
    model: CLIPModel, tokenizer: CLIPTokenizer, images: Tensor, texts: list[str]
) -> Tensor:
    """For each image embedding the number of the text that fits it best."""
    tokens, mask = clip_tokens(tokenizer, texts)
    embeds = model.get_text_features(input_ids=tokens, attention_mask=mask).pooler_output
    similarity = torch.nn.functional.normalize(images) @ torch.nn.functional.normalize(embeds).T
    return similarity.argmax(1)


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
