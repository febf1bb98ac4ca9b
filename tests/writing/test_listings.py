from __future__ import annotations

import re

import pytest

from tasks.writing.listings import find_source
from tasks.writing.numbers import NotReadable

OWN = """import os

raise SystemExit("is never imported")


class Thing:
    @property
    def half(self):
        return 1
"""


def test_a_function_is_found_with_its_place(tmp_path):
    source = find_source("tasks.diffusion.process.samplers:ddpm_step", tmp_path)
    assert source.text.startswith("def ddpm_step(")
    assert source.file == "tasks/diffusion/process/samplers.py"
    assert source.last_line > source.first_line > 1


def test_a_method_of_the_project_is_found_without_running_it(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    source = find_source("mine:Thing.half", tmp_path)
    assert source.text == "@property\ndef half(self):\n    return 1\n"
    assert (source.file, source.first_line, source.last_line) == ("mine.py", 7, 9)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tasks.diffusion.process.samplers:ddpm_stp", "did you mean ddpm_step?"),
        (
            "tasks.diffusion.process.sampler:ddpm_step",
            "did you mean tasks.diffusion.process.samplers?",
        ),
        ("os:path", "there is no module os"),
        ("../../etc/passwd:x", "as module:name"),
        ("tasks.diffusion", "as module:name"),
        ("broken:x", "cannot be read as Python"),
    ],
)
def test_what_is_not_there_is_told(tmp_path, address, said):
    (tmp_path / "broken.py").write_text("def (")
    with pytest.raises(NotReadable, match=re.escape(said)):
        find_source(address, tmp_path)
