"""Stage I that goes on from an earlier one."""

from __future__ import annotations

import torch

from tasks.pocket.stage_one import StageOne
from tasks.pocket.tokenizer import MAX_LENGTH


def test_words_that_both_know_keep_their_embedding_and_new_ones_have_none_of_the_old() -> None:
    tokens = torch.zeros((1, MAX_LENGTH), dtype=torch.int64)
    earlier, later = StageOne(tokens, tokens, 4), StageOne(tokens, tokens, 5)
    random = later.text_encoder.get_input_embeddings().weight.detach().clone()  # type: ignore[operator]
    encoder = earlier.text_encoder.state_dict()
    later.start_from(
        earlier.unet.state_dict(),
        {name: w for name, w in encoder.items() if name != "encoder.embed_tokens.weight"},
        {"pad": 0, "end": 1, "unknown": 2, "dog": 3, "bell": 4},
        {"pad": 0, "end": 1, "dog": 2, "unknown": 3},
    )
    table = later.text_encoder.get_input_embeddings().weight  # type: ignore[operator]
    old = encoder["shared.weight"]
    torch.testing.assert_close(table[:4], old[[0, 1, 3, 2]])
    torch.testing.assert_close(table[4], random[4])
    for network in ("unet", "text_encoder"):
        taken = dict(getattr(later, network).named_parameters())
        for name, weight in getattr(earlier, network).named_parameters():
            if name != "shared.weight":
                torch.testing.assert_close(taken[name], weight)
