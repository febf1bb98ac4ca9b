from __future__ import annotations

import time

import pytest

from tasks.writing.bibliography import cited, read_bibliography

FILE = r"""
@string{nips = "Advances in NeurIPS"}
@article{ho2020,
  title = {Denoising {D}iffusion},
  author = {Ho, Jonathan and Jain, Ajay and Abbeel, Pieter},
  journal = nips # " 33", year = 2020, eprint = {2006.11239},
}
@inproceedings(oord, title="A {\"o} in it", year={2016},
  author={A{\"a}ron van den Oord and Karen Simonyan})
@misc{evil, title={<script>alert(1)</script>}, author={X}, year=2020, url={javascript:alert(1)}}
@misc{ho2020later, title={Later}, year=2020,
  author={Ho, Jonathan and Jain, Ajay and Abbeel, Pieter}}
@comment{ @misc{not, title={x}} }
"""


def test_entries_are_cited_by_author_and_year():
    entries, problems = read_bibliography(FILE)
    assert problems == []
    found = cited(entries, ["oord", "ho2020later", "ho2020", "nobody"])
    assert [(key, each.who, each.year) for key, each in found.items()] == [
        ("ho2020", "Ho et al.", "2020a"),
        ("ho2020later", "Ho et al.", "2020b"),
        ("oord", "van den Oord and Simonyan", "2016"),
    ]
    assert found["ho2020"].reference == [
        "Ho, Jonathan, Jain, Ajay and Abbeel, Pieter (2020a)",
        "Denoising Diffusion",
        "Advances in NeurIPS 33",
    ]
    assert found["ho2020"].address == "https://arxiv.org/abs/2006.11239"
    assert found["oord"].reference[:2] == [
        "van den Oord, Aäron and Simonyan, Karen (2016)", "A ö in it",
    ]  # fmt: skip


def test_name_in_braces_is_one_name():
    entries, _ = read_bibliography(
        "@misc{a, author={{A Lab at B} and Ho, Jo}, title={T}, year=2023}"
    )
    assert entries["a"].authors == [("A Lab at B", ""), ("Ho", "Jo")]


def test_only_addresses_of_the_web_are_followed():
    assert read_bibliography(FILE)[0]["evil"].address is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n@misc{a, title={x}\n", 2, "not closed"),
        ("@misc{a, title={x}}\n@misc{a, title={y}}", 2, "a second time"),
        ("@misc{, title={x}}", 1, "has no key"),
        ('@misc{a, title="x}', 1, 'has no closing "'),
        ("@misc{a, title={x} year=2}", 1, "a comma"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text, line, said):
    found = read_bibliography(text)[1]
    # A missing comma reads as two fields; what cannot is told.
    if said != "a comma":
        assert [each for each in found if each[0] == line and said in each[1]], found


@pytest.mark.timed
@pytest.mark.parametrize(
    "text", ["@a{" * 10**5, "@a{k,x={" * 10**5, '@a{k,x="' * 10**4, "@a{k,t={" + "{" * 10**6]
)
def test_files_made_to_hurt_end_within_seconds(text):
    began = time.perf_counter()
    assert read_bibliography(text)[1]
    assert time.perf_counter() - began < 10
