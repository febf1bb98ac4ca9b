"""Steps that train the pocket model: stage I, stage II, and the reader that measures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from safetensors.torch import load
from torch import Tensor, nn

from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.pocket.concept_reader import ConceptReader, blemished, reader_loss
from tasks.pocket.networks import stage_two_unet
from tasks.pocket.sampler import as_float
from tasks.pocket.stage_one import StageOne, stage_one_loss
from tasks.pocket.stage_two import super_resolution_loss
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer, tokenize, train_tokenizer
from tasks.pocket.training_loop import WINDOW, PhaseState, PocketRecipe, run_phase
from tasks.pocket.world.sources import load_world, read_start
from tasks.pocket.world.world import World
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes
from tasks.shipped import project_path

TEXT_ENCODER, UNET, TOKENIZER = "text_encoder.safetensors", "unet.safetensors", "spiece.model"
HELD_OUT = 2000
"""Pictures that the reader is tested on, drawn anew."""


def train_stage_one(step: Step) -> StepResult:
    """Both networks until the words are known, then the U-Net alone, then at a falling rate.

    Goes on from the weights that the parameter "start" names, if any. Objects: the tokenizer, both
    networks in float16. Raises BadInput where those weights are not the declared ones.
    """
    recipe = PocketRecipe.from_params(step.params)
    number_format = getattr(torch, step.number_format)
    world = _world(step)
    spiece = train_tokenizer(world.texts)
    save_tokenizer(spiece, step.workspace / "tokenizer")
    tokenizer = load_tokenizer(step.workspace / "tokenizer")
    tokens, mask = tokenize(tokenizer, world.texts)
    with seeded_initialisation(step.seed):
        stage = StageOne(tokens, mask, len(tokenizer))
    if step.params["start"] is not None:
        _take_over(stage, step.params["start"], step.project_root, tokenizer)
    stage.to(step.device)
    losses = []
    for name in recipe.phases:
        # Stage II can be trained on embeddings that no longer move while this goes on.
        stage.text_encoder.requires_grad_(name == "words")
        loss = stage_one_loss(stage, world, number_format)
        state, weights = _run(step, recipe, name, stage, loss)
        stage.load_state_dict(weights)
        losses.append(state)
    return StepResult(
        {
            TOKENIZER: spiece,
            TEXT_ENCODER: _half(stage.text_encoder),
            UNET: _half(stage.unet),
            "loss.parquet": loss_table(list(recipe.phases), losses),
        },
        _metrics(losses, [stage]),
    )


def _take_over(stage: StageOne, start: Mapping[str, str], root: Path, tokenizer: Any) -> None:
    weights = {part: load(content) for part, content in read_start(start, root).items()}
    earlier = load_tokenizer(project_path(start["folder"], root) / "tokenizer")
    stage.start_from(
        weights["unet"], weights["text_encoder"], tokenizer.get_vocab(), earlier.get_vocab()
    )


def train_stage_two(step: Step) -> StepResult:
    """Windows of 64 pixels, then whole pictures of 128. Object: the U-Net in float16.

    Goes on from the weights that the parameter "start" names, if any. Raises BadInput where those
    are not the declared ones.
    """
    recipe = PocketRecipe.from_params(step.params)
    world = _world(step, side=128)
    embeddings = _embeddings(step, world.texts).to(step.device)
    with seeded_initialisation(step.seed):
        unet = stage_two_unet()
    if step.params["start"] is not None:
        unet.load_state_dict(as_float(read_start(step.params["start"], step.project_root)["unet"]))
    unet.to(step.device)
    number_format = getattr(torch, step.number_format)
    losses = []
    for name, crop in (("windows", 64), ("pictures", 128)):
        loss = super_resolution_loss(unet, embeddings, world, number_format, crop)
        state, weights = _run(step, recipe, name, unet, loss)
        unet.load_state_dict(weights)
        losses.append(state)
    return StepResult(
        {UNET: _half(unet), "loss.parquet": loss_table(["windows", "pictures"], losses)},
        _metrics(losses, [unet]),
    )


def train_reader(step: Step) -> StepResult:
    """The classifier of concepts. Metric: accuracy on pictures of a world of another seed."""
    recipe = PocketRecipe.from_params(step.params)
    world = _world(step)
    with seeded_initialisation(step.seed):
        reader = ConceptReader(len(world.concepts))
    reader.to(step.device)
    number_format = getattr(torch, step.number_format)
    state, weights = _run(step, recipe, "reader", reader, reader_loss(reader, world, number_format))
    reader.load_state_dict(weights)
    reader.eval()
    generator = named_generator(step.seed, "reader", "test", device=step.device)
    right = []
    with torch.inference_mode():
        for _ in range(HELD_OUT // 100):
            batch = world.draw(100, generator, photographs=0)
            read = reader(blemished(batch.pictures, generator)).argmax(1)
            right.append((read == batch.concept).float().mean())
    return StepResult(
        {
            "reader.safetensors": tensors_to_bytes(reader.cpu().state_dict()),
            "loss.parquet": loss_table(["reader"], [state]),
        },
        {**_metrics([state], [reader]), "accuracy": float(torch.stack(right).mean())},
    )


def _world(step: Step, *, side: int = 64) -> World:
    return load_world(
        step.params,
        step.project_root,
        side=side,
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def _run(
    step: Step,
    recipe: PocketRecipe,
    name: str,
    network: nn.Module,
    loss: Callable[[torch.Generator, int], Tensor],
) -> tuple[PhaseState, dict[str, Tensor]]:
    phases = list(recipe.phases.values())
    phase = recipe.phases[name]
    before = sum(p.steps for p in phases[: phases.index(phase)])
    total = sum(p.steps for p in phases)

    def report(state: PhaseState, ema: Any) -> None:
        step.report(before + state.step, total, f"{name}, loss {state.losses[-1]:.4f}")

    return run_phase(
        phase,
        network,
        loss,
        seed=step.seed,
        checkpoint=step.workspace / f"{name}.safetensors",
        device=step.device,
        on_window=report,
        should_stop=step.should_stop,
    )


def _embeddings(step: Step, texts: list[str]) -> Tensor:
    """Embeddings of all captions by the trained text encoder of the input "stage_one"."""
    folder = step.workspace / "tokenizer"
    save_tokenizer(step.read("stage_one", TOKENIZER), folder)
    tokenizer = load_tokenizer(folder)
    tokens, mask = tokenize(tokenizer, texts)
    stage = StageOne(tokens, mask, len(tokenizer))
    weights = {name: w.float() for name, w in load(step.read("stage_one", TEXT_ENCODER)).items()}
    stage.text_encoder.load_state_dict(weights, strict=False)
    return stage.frozen_embeddings()


def _half(network: nn.Module) -> bytes:
    # Cloned: embeddings that share one storage cannot be saved as they are.
    return tensors_to_bytes(
        {name: tensor.half().cpu().clone() for name, tensor in network.state_dict().items()}
    )


def loss_table(names: list[str], states: list[PhaseState]) -> bytes:
    """Parquet of (phase, step, loss), a row for each reported loss."""
    rows = [
        {"phase": name, "step": (index + 1) * WINDOW, "loss": loss}
        for name, state in zip(names, states, strict=True)
        for index, loss in enumerate(state.losses)
    ]
    schema = pa.schema([("phase", pa.string()), ("step", pa.int64()), ("loss", pa.float64())])
    return table_to_bytes(pa.Table.from_pylist(rows, schema))


def _metrics(states: list[PhaseState], networks: list[nn.Module]) -> dict[str, float]:
    return {
        **final_loss(states[-1]),
        "training_seconds": sum(state.seconds for state in states),
        "parameters": float(sum(p.numel() for n in networks for p in n.parameters())),
    }


def final_loss(state: PhaseState) -> dict[str, float]:
    """The last reported loss; nothing for a training too short to report one."""
    return {"final_loss": state.losses[-1]} if state.losses else {}
