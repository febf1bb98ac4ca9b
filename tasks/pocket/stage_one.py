"""Training of stage I: the text encoder and the 64-pixel U-Net."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from diffusers.models.attention_processor import AttnAddedKVProcessor
from torch import Tensor, nn
from torch.nn import functional

from tasks.diffusion.trajectories.diffusion_schedule import noise_of_velocity, velocity
from tasks.pocket.networks import stage_one_unet, text_encoder
from tasks.pocket.objective import (
    NUM_TIMESTEPS,
    VARIANCE_WEIGHT,
    cosine_alpha_bar,
    noised,
    random_strides,
    variance_loss,
    weighted_noise_loss,
)
from tasks.pocket.world.world import World


class StageOne(nn.Module):
    """The two networks of stage I, trained together. tokens, mask: int64 [captions, 77]."""

    def __init__(self, tokens: Tensor, mask: Tensor, vocabulary: int) -> None:
        super().__init__()
        self.text_encoder = text_encoder(vocabulary)
        self.unet = stage_one_unet()
        # At these sizes the plain processor trains a twelfth faster on a CPU than the fused one.
        self.unet.set_attn_processor(AttnAddedKVProcessor())  # type: ignore[operator]
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
    def start_from(
        self,
        unet: Mapping[str, Tensor],
        encoder: Mapping[str, Tensor],
        words: Mapping[str, int],
        earlier: Mapping[str, int],
    ) -> None:
        """Take over the weights of an earlier stage I of the same networks.

        words, earlier: pieces of the tokenizer and of the earlier one to their numbers. A piece
        that the earlier one did not have keeps its random embedding.
        """
        self.unet.load_state_dict({name: w.float() for name, w in unet.items()})
        table = self.text_encoder.get_input_embeddings().weight  # type: ignore[operator]
        old = encoder["shared.weight"].float()
        for piece, number in words.items():
            if piece in earlier:
                table[number] = old[earlier[piece]]
        rest = {name: w.float() for name, w in encoder.items() if name != "shared.weight"}
        self.text_encoder.load_state_dict(rest, strict=False)

    @torch.no_grad()
    def frozen_embeddings(self) -> Tensor:
        """Embeddings of all captions, [captions, 77, width]."""
        tokens: Tensor = self.tokens  # type: ignore[assignment]
        numbers = torch.arange(len(tokens), device=tokens.device)
        return torch.cat([self.encode(part) for part in numbers.split(64)])


Loss = Callable[[torch.Generator, int], Tensor]


def stage_one_loss(model: StageOne, world: World, number_format: torch.dtype) -> Loss:
    """The hybrid loss at 64 pixels. A frozen text encoder reads each caption once."""
    is_frozen = not any(w.requires_grad for w in model.text_encoder.parameters())
    embeddings = model.frozen_embeddings() if is_frozen else None

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = world.draw(batch_size, generator)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            if embeddings is None:
                prompt_embeds = model.encode(batch.caption)
            else:
                prompt_embeds = embeddings[batch.caption]
            return model.unet(x_t, t, prompt_embeds).sample

        return hybrid_loss(predict, batch.pictures, generator, number_format)

    return loss


def hybrid_loss(
    predict: Callable[[Tensor, Tensor], Tensor],
    x_0: Tensor,
    generator: torch.Generator,
    number_format: torch.dtype,
    *,
    predicts_velocity: bool = False,
) -> Tensor:
    """Of noise, or velocity, and variance, at a random t and a random stride from it. predict: x_t
    and t to [batch, 6, side, side]."""
    alpha_bar = cosine_alpha_bar().to(x_0.device)
    t = torch.randint(1, NUM_TIMESTEPS, (len(x_0),), generator=generator, device=x_0.device)
    noise = normal(x_0, generator)
    x_t = noised(x_0, t, noise, alpha_bar)
    with mixed(x_0.device, number_format):
        predicted = predict(x_t, t)
    eps, variance = predicted.float().chunk(2, dim=1)
    t_next = random_strides(t, generator)
    if predicts_velocity:
        level = alpha_bar[t].view(-1, 1, 1, 1)
        # All t alike, which is |x_0 - estimate|^2 weighed by SNR + 1 (Salimans & Ho 2022, sec. 4).
        loss = functional.mse_loss(eps, velocity(x_0, noise, level))
        eps = noise_of_velocity(eps, x_t, level)
    else:
        loss = weighted_noise_loss(eps, noise, t, alpha_bar)
    return loss + VARIANCE_WEIGHT * variance_loss(eps, variance, x_0, x_t, t, t_next, alpha_bar)


def normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)


def mixed(device: torch.device, number_format: torch.dtype) -> torch.autocast:
    """Products in `number_format`, sums and weights in float32."""
    is_needed = number_format != torch.float32
    return torch.autocast(device.type, dtype=number_format, enabled=is_needed)
