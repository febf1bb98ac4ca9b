"""How many rows of a network go at once."""

from __future__ import annotations

import pytest
import torch

from tasks import StepFailed
from tasks.text_to_image.steps.sampling import CountedNetwork, rows_at_once, with_rows_that_fit


def test_larger_pictures_take_fewer_rows():
    at_64, at_128, at_4096 = (rows_at_once("cpu", size) for size in (64, 128, 4096))
    assert at_64 == 4 * at_128
    assert at_4096 == 1
    assert rows_at_once("cuda", 64) > at_64


def test_rows_are_halved_until_memory_holds_them():
    tried = []

    def call(rows):
        tried.append(rows)
        if rows > 20:
            raise torch.OutOfMemoryError("no")
        return "done"

    assert with_rows_that_fit(call, 100, "trajectory/a") == "done"
    assert tried == [100, 50, 25, 12]


def test_memory_for_not_even_one_picture_is_told():
    def call(rows):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(StepFailed, match="trajectory/a: the device's memory does not hold one"):
        with_rows_that_fit(call, 8, "trajectory/a")


def test_network_counts_rows_and_batches():
    network = CountedNetwork(lambda x, t: x, "cpu")
    network(torch.zeros(5, 3), torch.zeros(5))
    network(torch.zeros(2, 3), torch.zeros(2))
    assert (network.rows, network.forwards) == (7, 2)
