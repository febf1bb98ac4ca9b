"""Training of stage I: the text encoder and the 64-pixel U-Net: coarse, whole, fine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tasks.pocket.batches import BatchSource, reduced
from tasks.pocket.coarse_unet import CoarseUNet
from tasks.pocket.networks import stage_one_unet, text_encoder
from tasks.pocket.objective import (
    NUM_TIMESTEPS,
    cosine_alpha_bar,
    half_size_alpha_bar,
    min_snr_loss,
    noise_loss,
    noised,
    variance_loss,
)

VARIANCE_WEIGHT = 0.001 * NUM_TIMESTEPS / 1000
"""lambda of the hybrid loss (Nichol and Dhariwal 2021, eq. 16), for the sum over all t."""


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
        numbers = torch.arange(len(self.tokens))  # type: ignore[arg-type]
        return torch.cat([self.encode(part) for part in numbers.split(64)])


class CoarseStageOne(nn.Module):
    """Stage I without its outermost level, on pictures of 32 pixels."""

    def __init__(self, stage: StageOne) -> None:
        super().__init__()
        self.stage = stage
        self.coarse = CoarseUNet(stage.unet)


Loss = Callable[[torch.Generator, int], Tensor]


def coarse_loss(model: CoarseStageOne, source: BatchSource, number_format: torch.dtype) -> Loss:
    """Noise prediction at 32 pixels, with the schedule that 64 pixels would show there.

    t is drawn with a density that grows with t: what a caption means is decided where the noise
    is high, and this phase is for that.
    """
    alpha_bar = half_size_alpha_bar(cosine_alpha_bar())

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = source.draw(batch_size, generator)
        x_0 = reduced(batch.pictures, 4)
        chance = torch.rand(batch_size, generator=generator)
        t = (NUM_TIMESTEPS * chance.sqrt()).long().clamp(max=NUM_TIMESTEPS - 1)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = noised(x_0, t, noise, alpha_bar)
        with torch.autocast("cpu", dtype=number_format, enabled=number_format != torch.float32):
            eps = model.coarse(x_t, t, model.stage.encode(batch.caption))
        return min_snr_loss(eps.float(), noise, t, alpha_bar)

    return loss


def whole_loss(model: StageOne, source: BatchSource, number_format: torch.dtype) -> Loss:
    """The hybrid loss at 64 pixels. The text encoder is frozen: it has learned its words by now,
    and stage II can be trained beside this on embeddings that no longer move.
    """
    return _hybrid_loss(model, source, number_format, min_snr_loss)


def fine_loss(model: StageOne, source: BatchSource, number_format: torch.dtype) -> Loss:
    """The same with every t weighted alike. min-SNR weights make little of small t, where what is
    left to learn is to leave no grain."""
    return _hybrid_loss(model, source, number_format, noise_loss)


NoiseLoss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _hybrid_loss(
    model: StageOne, source: BatchSource, number_format: torch.dtype, eps_loss: NoiseLoss
) -> Loss:
    alpha_bar = cosine_alpha_bar()
    embeddings = model.frozen_embeddings()

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = source.draw(batch_size, generator)
        x_0 = reduced(batch.pictures, 2)
        t = torch.randint(NUM_TIMESTEPS, (batch_size,), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = noised(x_0, t, noise, alpha_bar)
        with torch.autocast("cpu", dtype=number_format, enabled=number_format != torch.float32):
            out = model.unet(x_t, t, embeddings[batch.caption]).sample
        eps, variance = out.float().chunk(2, dim=1)
        return eps_loss(eps, noise, t, alpha_bar) + VARIANCE_WEIGHT * variance_loss(
            eps, variance, x_0, x_t, t, alpha_bar
        )

    return loss
