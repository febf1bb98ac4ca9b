from __future__ import annotations

import pytest

from tasks.text_to_image.model_part import MOST_BYTES, read_own_card


@pytest.fixture
def write(tmp_path):
    """Keeps the bytes of a card in the folder "models/m"."""

    def keep(data: bytes) -> None:
        (tmp_path / "models/m").mkdir(parents=True)
        (tmp_path / "models/m/README.md").write_bytes(data)

    return keep


def test_a_card_is_the_text_beside_the_files(tmp_path, write):
    write("# M\n\nLicence: ours, Zürich.\n".encode())
    assert read_own_card("models/m", tmp_path) == "# M\n\nLicence: ours, Zürich."


@pytest.mark.parametrize("address", ["models/m", "owner/name", "~nobody-here/m"])
def test_models_without_a_readable_card_say_nothing(tmp_path, address):
    assert read_own_card(address, tmp_path) == ""


def test_a_card_that_is_no_text_or_too_long_is_cut_and_marked(tmp_path, write):
    write(b"\xff" + b"a" * (2 * MOST_BYTES))
    card = read_own_card("models/m", tmp_path)
    assert card == "\N{REPLACEMENT CHARACTER}" + "a" * (MOST_BYTES - 1)
