"""The pocket model's T5 tokenizer: a SentencePiece model whose pieces are its captions' words."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

MAX_LENGTH = 77
"""Tokens a prompt is padded or cut to, as DeepFloyd IF does."""

WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"
"""SentencePiece's mark of a word's beginning."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,'-!?"
WORD_SCORE, LETTER_SCORE = -6.0, -12.0


def train_tokenizer(texts: Sequence[str]) -> bytes:
    """A `spiece.model` with T5's special tokens (pad 0, end 1, unknown 2), for `texts`.

    Every word is one piece: style and subject words then have embeddings of their own from the
    first step, which so few captions could not teach through shared syllables. Letters are pieces
    too, scored below any word, so that an unseen word still becomes tokens, if without meaning.
    """
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    # Trained for its normaliser (NFKC, lower case) and its settings; the pieces are replaced.
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for text in texts if text]),
        model_writer=buffer,
        vocab_size=256,
        hard_vocab_limit=False,
        model_type="unigram",
        normalization_rule_name="nmt_nfkc_cf",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    pb2: Any = sentencepiece_model_pb2
    model = pb2.ModelProto.FromString(buffer.getvalue())
    special = [pb2.ModelProto.SentencePiece.FromString(p.SerializeToString()) for p in model.pieces]
    del model.pieces[:]
    model.pieces.extend(special[:3])
    words = sorted({word for text in texts for word in re.findall(r"[a-z0-9]+", text.lower())})
    pieces = [(WORD_START + word, WORD_SCORE) for word in words]
    pieces += [(letter, LETTER_SCORE) for letter in (WORD_START, *LETTERS)]
    for piece, score in pieces:
        model.pieces.add(piece=piece, score=score)
    model.trainer_spec.vocab_size = len(model.pieces)
    return bytes(model.SerializeToString())


def save_tokenizer(model: bytes, folder: Path) -> None:
    """Write `folder`/spiece.model with the configuration that makes it a T5Tokenizer.

    As published for DeepFloyd IF there is no tokenizer.json: transformers converts the model.
    """
    from transformers import T5Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    spiece = folder / "spiece.model"
    spiece.write_bytes(model)
    tokenizer = T5Tokenizer.from_pretrained(
        str(folder), extra_ids=0, model_max_length=MAX_LENGTH, local_files_only=True
    )
    tokenizer.save_pretrained(str(folder))
    (folder / "tokenizer.json").unlink(missing_ok=True)
    spiece.write_bytes(model)


def load_tokenizer(folder: Path) -> Any:
    """The T5Tokenizer saved in `folder`; nothing is looked up elsewhere."""
    from transformers import T5Tokenizer

    return T5Tokenizer.from_pretrained(str(folder), local_files_only=True)


def tokenize(tokenizer: Any, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """input_ids and attention_mask, int64 [n, MAX_LENGTH], exactly as IFPipeline makes them."""
    batch = tokenizer(
        [text.lower().strip() for text in texts],
        padding="max_length",
        max_length=MAX_LENGTH,
        truncation=True,
        add_special_tokens=True,
        return_tensors="pt",
    )
    return batch.input_ids, batch.attention_mask
