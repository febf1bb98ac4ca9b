"""One part of a model in memory at a time, and the same one as long as it is asked for."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from tasks.text_to_image import loaded_part
from tasks.text_to_image.encoder import load_text_encoder
from tasks.text_to_image.stages import load_stage
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

pytestmark = pytest.mark.usefixtures("no_part_loaded")


class Part:
    pass


def test_same_part_is_loaded_once() -> None:
    loads: list[int] = []

    def load() -> Part:
        loads.append(1)
        return Part()

    assert loaded_part.hold("a", load) is loaded_part.hold("a", load)
    assert len(loads) == 1


def test_part_is_freed_before_the_next_is_loaded() -> None:
    first = weakref.ref(loaded_part.hold("a", Part))
    alive: list[bool] = []

    def load() -> Part:
        alive.append(first() is not None)
        return Part()

    loaded_part.hold("b", load)
    assert alive == [False]


def test_failed_load_leaves_nothing_behind() -> None:
    first = weakref.ref(loaded_part.hold("a", Part))

    def fail() -> Part:
        raise MemoryError

    with pytest.raises(MemoryError):
        loaded_part.hold("b", fail)
    assert first() is None
    assert isinstance(loaded_part.hold("b", Part), Part)


def test_encoder_is_gone_once_a_unet_is_loaded(tiny_if: TinyIF) -> None:
    encoder = load_text_encoder(part_at(tiny_if.stage_one, "text_encoder"), Path("/"))
    weights = weakref.ref(encoder.model)
    del encoder
    load_stage(part_at(tiny_if.stage_one, "stage_one"), Path("/"))
    gc.collect()
    assert weights() is None


def test_consecutive_prompts_share_one_encoder(tiny_if: TinyIF) -> None:
    part = part_at(tiny_if.stage_one, "text_encoder")
    assert load_text_encoder(part, Path("/")) is load_text_encoder(part, Path("/"))
