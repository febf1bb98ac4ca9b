"""Training of stage I: the text encoder and the 64-pixel U-Net, coarse first, then whole."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tasks.pocket.networks import CoarseUNet, stage_one_unet, text_encoder
from tasks.pocket.objective import (
    NUM_TIMESTEPS,
    VARIANCE_WEIGHT,
    cosine_alpha_bar,
    half_size_alpha_bar,
    noised,
    random_strides,
    variance_loss,
    weighted_noise_loss,
)
from tasks.pocket.world.world import World, reduced


class StageOne(nn.Module):
    """The two networks of stage I, trained together. tokens, mask: int64 [captions, 77]."""

    def __init__(self, tokens: Tensor, mask: Tensor, vocabulary: int) -> None:
        super().__init__()
        self.text_encoder = text_encoder(vocabulary)
        self.unet = stage_one_unet()
        self.register_buffer("tokens", tokens, persistent=False)
        self.register_buffer("mask", mask, persistent=False)

    def encode(self, caption: Tensor) -> Tensor:
        """[batch] caption numbers to [batch, 77, width]."""
        output = self.text_encoder(
            input_ids=self.tokens[caption],  # type: ignore[index]
            attention_mask=self.mask[caption],  # type: ignore[index]
        )
        return output.last_hidden_state

    @torch.no_grad()
    def frozen_embeddings(self) -> Tensor:
        """Embeddings of all captions, [captions, 77, width]; the encoder is frozen from here on."""
        self.text_encoder.requires_grad_(False)
        tokens: Tensor = self.tokens  # type: ignore[assignment]
        numbers = torch.arange(len(tokens), device=tokens.device)
        return torch.cat([self.encode(part) for part in numbers.split(64)])


class CoarseStageOne(nn.Module):
    """Stage I without its outermost level, on pictures of 32 pixels."""

    def __init__(self, stage: StageOne) -> None:
        super().__init__()
        self.stage = stage
        self.coarse = CoarseUNet(stage.unet)


Loss = Callable[[torch.Generator, int], Tensor]


def coarse_loss(model: CoarseStageOne, world: World, number_format: torch.dtype) -> Loss:
    """Noise prediction at 32 pixels, with the schedule that 64 pixels would show there.

    t is drawn with a density that grows with t: what a caption means is decided where the noise
    is high, and this phase is for that.
    """
    alpha_bar = half_size_alpha_bar(cosine_alpha_bar())

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = world.draw(batch_size, generator)
        x_0 = reduced(batch.pictures, 2)
        chance = torch.rand(batch_size, generator=generator, device=x_0.device)
        t = (NUM_TIMESTEPS * chance.sqrt()).long().clamp(max=NUM_TIMESTEPS - 1)
        noise = normal(x_0, generator)
        levels = alpha_bar.to(x_0.device)
        x_t = noised(x_0, t, noise, levels)
        with mixed(x_0.device, number_format):
            eps = model.coarse(x_t, t, model.stage.encode(batch.caption))
        return weighted_noise_loss(eps.float(), noise, t, levels)

    return loss


def whole_loss(model: StageOne, world: World, number_format: torch.dtype) -> Loss:
    """The hybrid loss at 64 pixels. The text encoder is frozen: it has learned its words by now,
    and stage II can be trained beside this on embeddings that no longer move.
    """
    embeddings = model.frozen_embeddings()

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = world.draw(batch_size, generator)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            return model.unet(x_t, t, embeddings[batch.caption]).sample

        return hybrid_loss(predict, batch.pictures, generator, number_format)

    return loss


def hybrid_loss(
    predict: Callable[[Tensor, Tensor], Tensor],
    x_0: Tensor,
    generator: torch.Generator,
    number_format: torch.dtype,
) -> Tensor:
    """Of noise and variance, at a random t and a random stride from it. predict: x_t and t to
    [batch, 6, side, side]."""
    alpha_bar = cosine_alpha_bar().to(x_0.device)
    t = torch.randint(1, NUM_TIMESTEPS, (len(x_0),), generator=generator, device=x_0.device)
    noise = normal(x_0, generator)
    x_t = noised(x_0, t, noise, alpha_bar)
    with mixed(x_0.device, number_format):
        predicted = predict(x_t, t)
    eps, variance = predicted.float().chunk(2, dim=1)
    t_next = random_strides(t, generator)
    return weighted_noise_loss(eps, noise, t, alpha_bar) + VARIANCE_WEIGHT * variance_loss(
        eps, variance, x_0, x_t, t, t_next, alpha_bar
    )


def normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)


def mixed(device: torch.device, number_format: torch.dtype) -> torch.autocast:
    """Products in `number_format`, sums and weights in float32."""
    is_needed = number_format != torch.float32
    return torch.autocast(device.type, dtype=number_format, enabled=is_needed)
