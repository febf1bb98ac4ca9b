"""Parts of models in memory: small ones side by side, a large one alone, each as long as used."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import StepCancelled
from tasks.running.device import hold_device
from tasks.running.kinds import KINDS
from tasks.running.progress import steps_should_end
from tasks.text_to_image.deepfloyd import load_stage, load_text_encoder
from tasks.text_to_image.loaded_part import MOST_SMALL, PARTS, LoadedParts
from tests.text_to_image.part_user import LONG, Other, Part, Size, large, small
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

pytestmark = pytest.mark.usefixtures("no_part_loaded")


@pytest.fixture
def parts() -> LoadedParts:
    return LoadedParts()


@pytest.fixture
def others() -> Iterator[tuple[Other, Other]]:
    threads = Other(), Other()
    yield threads
    for thread in threads:
        thread.end()


@pytest.fixture
def other(others: tuple[Other, Other]) -> Other:
    return others[0]


def test_same_part_is_loaded_once(parts: LoadedParts) -> None:
    loads: list[int] = []

    def load() -> Part:
        loads.append(1)
        return Part()

    assert parts.hold("a", load, large) is parts.hold("a", load, large)
    assert len(loads) == 1


def test_two_threads_share_a_large_part(parts: LoadedParts, other: Other) -> None:
    mine = parts.hold("a", Part, large)
    assert other.hold(parts, "a", large) is mine


@pytest.mark.parametrize("size", [small, large])
def test_large_part_is_freed_before_the_next_is_loaded(parts: LoadedParts, size: Size) -> None:
    first = weakref.ref(parts.hold("a", Part, large))
    alive: list[bool] = []

    def load() -> Part:
        alive.append(first() is not None)
        return Part()

    parts.hold("b", load, size)
    assert alive == [False]


def test_small_parts_stay_side_by_side_and_the_least_recently_asked_for_goes(
    parts: LoadedParts,
) -> None:
    names = [str(number) for number in range(MOST_SMALL)]
    refs = {name: weakref.ref(parts.hold(name, Part, small)) for name in names}
    parts.hold("0", Part, small)
    assert all(ref() is not None for ref in refs.values())
    parts.hold("one more", Part, small)
    assert [name for name in names if refs[name]() is None] == ["1"]


def test_large_part_takes_the_place_of_all_small_ones(parts: LoadedParts) -> None:
    refs = [weakref.ref(parts.hold(name, Part, small)) for name in "ab"]
    parts.hold("c", Part, large)
    assert [ref() for ref in refs] == [None, None]


def test_small_parts_of_two_threads_do_not_put_each_other_out(
    parts: LoadedParts, other: Other
) -> None:
    mine = parts.hold("a", Part, small)
    theirs = other.hold(parts, "b", small)
    assert parts.hold("a", Part, small) is mine
    assert other.hold(parts, "b", small) is theirs


def test_next_part_is_not_loaded_until_the_user_of_a_large_one_lets_go(
    parts: LoadedParts, other: Other
) -> None:
    first = weakref.ref(parts.hold("a", Part, large))
    order: list[str] = []

    def load() -> Part:
        order.append("loaded" if first() is None else "loaded beside the large part")
        return Part()

    future = other.wait_for(parts, "b", load)
    # Its user may ask for it again meanwhile, and gets the same.
    assert parts.hold("a", Part, large) is first()
    order.append("let go")
    parts.let_go()
    future.result(LONG)
    assert order == ["let go", "loaded"]


def test_a_part_that_is_leaving_is_given_to_no_new_user(
    parts: LoadedParts, others: tuple[Other, Other]
) -> None:
    other, third = others
    first = parts.hold("a", Part, large)
    second = other.wait_for(parts, "b")
    again = third.wait_for(parts, "a")
    parts.let_go()
    second.result(LONG)
    assert again.result(LONG) is not first


def test_two_threads_that_ask_for_each_others_large_part_both_get_one(
    parts: LoadedParts, other: Other
) -> None:
    parts.hold("a", Part, large)
    future = other.wait_for(parts, "b")
    mine = parts.hold("c", Part, small)
    assert isinstance(mine, Part)
    assert isinstance(future.result(LONG), Part)


def test_a_thread_that_has_ended_keeps_nobody_waiting(parts: LoadedParts) -> None:
    user = threading.Thread(target=parts.hold, args=("a", Part, large))
    user.start()
    user.join()
    assert isinstance(parts.hold("b", Part, large), Part)


def test_a_wait_ends_once_the_step_is_asked_to_stop(parts: LoadedParts, other: Other) -> None:
    other.hold(parts, "a", large)
    with pytest.raises(StepCancelled):
        parts.hold("b", Part, small, lambda: True)


def test_letting_go_does_not_wait_for_a_load(parts: LoadedParts, other: Other) -> None:
    parts.hold("a", Part, small)
    is_loading, may_end = threading.Event(), threading.Event()

    def load() -> Part:
        is_loading.set()
        assert may_end.wait(LONG)
        return Part()

    future = other.start(lambda: parts.hold("b", load, small))
    assert is_loading.wait(LONG)
    parts.let_go()
    may_end.set()
    future.result(LONG)


def test_released_parts_are_free(parts: LoadedParts) -> None:
    refs = [weakref.ref(parts.hold("a", Part, small)), weakref.ref(parts.hold("b", Part, large))]
    parts.release()
    assert [ref() for ref in refs] == [None, None]


def test_failed_load_leaves_nothing_behind(parts: LoadedParts, other: Other) -> None:
    first = weakref.ref(parts.hold("a", Part, large))

    def fail() -> Part:
        raise MemoryError

    with pytest.raises(MemoryError):
        parts.hold("b", fail, large)
    assert first() is None
    assert isinstance(other.hold(parts, "b", large), Part)


def test_a_step_uses_no_part_once_it_has_computed(other: Other) -> None:
    with hold_device(
        KINDS["prompt"],
        "cpu",
        "prompt/one",
        places=None,
        should_stop=steps_should_end,
        on_wait=lambda message: None,
    ):
        PARTS.hold("a", Part, large)
        future = other.wait_for(PARTS, "b")
    assert isinstance(future.result(LONG), Part)


def test_encoder_and_unet_of_a_small_model_stay(tiny_if: TinyIF) -> None:
    encoder = load_text_encoder(part_at(tiny_if.stage_one, "text_encoder"), Path("/"))
    load_stage(part_at(tiny_if.stage_one, "stage_one"), Path("/"))
    assert load_text_encoder(part_at(tiny_if.stage_one, "text_encoder"), Path("/")) is encoder


def test_encoder_of_a_large_model_is_gone_once_a_unet_is_loaded(
    tiny_if: TinyIF, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.text_to_image.loaded_part.LARGEST_SMALL", 0)
    encoder = load_text_encoder(part_at(tiny_if.stage_one, "text_encoder"), Path("/"))
    weights = weakref.ref(encoder.model)
    del encoder
    load_stage(part_at(tiny_if.stage_one, "stage_one"), Path("/"))
    gc.collect()
    assert weights() is None
