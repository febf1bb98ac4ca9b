"""What the encoder does not read of a long prompt: told before a run, after it, and in captions.

Found out by the tokenizer's own library, without torch, so that a plan can say it.
"""

from __future__ import annotations

from pathlib import Path

from tasks import BadInput
from tasks.text_to_image.find_part import find_part
from tasks.text_to_image.model_part import HubAddress, ModelPart
from tasks.text_to_image.prompt_embeds import MAX_TOKENS

BLANK = "\u2581"
"""As sentencepiece writes it."""

SHOWN = 60
"""Characters of a prompt that tell it from others."""


def cut_words(prompt: str, cut_off: str) -> str:
    """One sentence of a prompt and the end of it that is cut off."""
    shown = prompt if len(prompt) <= SHOWN else f"{prompt[:SHOWN].rstrip()}…"
    return (
        f"The model reads {MAX_TOKENS} tokens of a prompt: of “{shown}” it does not see the end, "
        f"“{cut_off}”."
    )


def cut_off(part: ModelPart, project_root: Path, prompt: str) -> str | None:
    """The end of the prompt that the text encoder `part` will not read, as TextEncoder.cut_off
    finds it: empty if it reads all; None where no tokenizer of it can be read on this machine."""
    # No token is shorter than a character; beside them, the end of text and perhaps a first blank.
    if part.prompt_embeds is not None or (prompt.isascii() and len(prompt) <= MAX_TOKENS - 2):
        return ""
    try:
        found = find_part(part, project_root)
        if isinstance(found, HubAddress):
            return None
        return _cut_off(found.folder / "tokenizer", prompt.lower().strip())
    except (BadInput, OSError, RuntimeError):
        return None


def _cut_off(folder: Path, text: str) -> str:
    """In the text's own letters, those too that the tokenizer does not know."""
    # The last place is that of the end of text.
    last = MAX_TOKENS - 1
    whole = folder / "tokenizer.json"
    if whole.exists():
        from tokenizers import Tokenizer

        tokens = Tokenizer.from_file(str(whole)).encode(text, add_special_tokens=False)
        return text[tokens.offsets[last][0] :].strip() if len(tokens.offsets) > last else ""
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_file=str(folder / "spiece.model")).encode(
        text, out_type=str
    )
    return "".join(pieces[last:]).replace(BLANK, " ").strip()
