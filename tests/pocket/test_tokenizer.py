"""The tokenizer keeps words whole, and is read by unmodified transformers."""

from __future__ import annotations

from pathlib import Path

from tasks.pocket.tokenizer import (
    MAX_LENGTH,
    load_tokenizer,
    save_tokenizer,
    tokenize,
    train_tokenizer,
)

TEXTS = ["", "a panda", "an oil painting of a panda", "a watercolor of people around a campfire"]


def tokenizer(folder: Path) -> object:
    save_tokenizer(train_tokenizer(TEXTS), folder)
    return load_tokenizer(folder)


def test_every_word_of_a_caption_is_one_token(tmp_path: Path) -> None:
    tokens = tokenizer(tmp_path).tokenize("An oil painting of people around a campfire")  # type: ignore[attr-defined]
    assert [token.lstrip("▁") for token in tokens] == [
        "an", "oil", "painting", "of", "people", "around", "a", "campfire",
    ]  # fmt: skip


def test_an_unseen_word_is_spelt_and_leaves_the_others_whole(tmp_path: Path) -> None:
    tokens = tokenizer(tmp_path).tokenize("a zebra panda")  # type: ignore[attr-defined]
    assert "".join(tokens) == "▁a▁zebra▁panda"
    assert tokens[-1] == "▁panda"


def test_prompts_are_padded_after_their_end_token(tmp_path: Path) -> None:
    tokens, mask = tokenize(tokenizer(tmp_path), ["a panda", ""])
    assert tokens.shape == mask.shape == (2, MAX_LENGTH)
    assert tokens[0, 2:5].tolist() == [1, 0, 0]
    assert tokens[1, :2].tolist() == [1, 0]
    assert mask.sum(1).tolist() == [3, 1]


def test_the_folder_holds_a_sentencepiece_model_and_no_converted_one(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    assert (tmp_path / "spiece.model").is_file()
    assert not (tmp_path / "tokenizer.json").exists()
