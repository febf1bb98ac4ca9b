"""A pipeline's text in its plan: what it names is checked and made, and nothing else is."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml

from flows.declaration.read_declaration import read_declaration
from flows.plan.plan import Plan, make_plan
from flows.run.run_request import RunRequest
from tasks import BadInput
from tasks.claims.definitions import compare_metrics
from tasks.claims.evidence import Evidence
from tasks.claims.finding import NotMeasurable
from tests.flows import in_process
from tests.flows.conftest import SMALL

TEXT = """# Two models

A seed of {{ seed("train/first") }}, the loss {{ metric("train/first", "final_loss"):.2f }} after
{{ duration("train/first") }}, {{ dataset("digits", "train") }} digits, width
{{ model("first", "hidden_width") }}, profile {{ profile() }}, see @fig:f-second [@ho].

![Its loss](figure:f-first/loss_curve)

```listing tasks.diffusion.process.samplers:ddpm_step
```

[It is small](claim:small).
"""
BIBLIOGRAPHY = "@misc{ho, title={T}, author={Ho, J}, year={2020}}"
CLAIM = {"statement": "Small", "holds_when": 'metric("train/second", "final_loss") < 1'}


def write(folder: Path, text: str = TEXT, **changes: object) -> Path:
    data = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    data["pipelines"]["small"] = {
        "title": "Small",
        "figures": ["f-first", "f-second"],
        "text": "text.md",
        "bibliography": "refs.bib",
    }
    data["claims"] = {"small": CLAIM}
    (folder / "text.md").write_text(text, encoding="utf-8")
    (folder / "refs.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    file = folder / "pipelines.yaml"
    file.write_text(yaml.safe_dump({**data, **changes}), encoding="utf-8")
    return file


def plan(file: Path, *overrides: str) -> Plan:
    return make_plan(read_declaration(file), "small", None, None, overrides=overrides)


def test_what_a_text_names_is_part_of_the_pipeline(tmp_path):
    made = plan(write(tmp_path))
    names = [node.name for node in made.nodes]
    listing = made.by_name["listing/tasks.diffusion.process.samplers/ddpm_step"]
    assert dict(listing.node.inputs) == {
        "figure_0": "figure/f-first/loss_curve",
        "figure_1": "figure/f-first/denoised",
    }
    assert names.index("train/second") < names.index("claim/small/small")
    assert made.layout["text"]["source"] == TEXT
    values = {key: each.get("value") for key, each in made.layout["numbers"].items()}
    assert values['["model", "first", "hidden_width"]'] == 8
    assert values['["dataset", "digits", "train"]'] == 1437
    assert values['["profile"]'] == "quick"


def test_a_number_makes_its_node_part_of_a_pipeline_whose_figures_do_not_need_it(tmp_path):
    file = write(tmp_path, '{{ metric("train/second", "final_loss") }}')
    data = yaml.safe_load(file.read_text())
    data["pipelines"]["small"]["figures"] = ["f-first"]
    data["claims"] = {}
    file.write_text(yaml.safe_dump(data))
    assert "train/second" in plan(file).by_name
    (tmp_path / "text.md").write_text("Nothing.")
    assert "train/second" not in plan(file).by_name


def test_words_change_no_key_and_values_change_the_record(tmp_path):
    before = plan(write(tmp_path))
    after = plan(write(tmp_path, TEXT + "\nOne sentence more."))
    assert {n.name: n.key for n in before.nodes} == {n.name: n.key for n in after.nodes}
    assert before.layout["text"] != after.layout["text"]
    changed = plan(write(tmp_path), "models.first.network.hidden_width=16")
    assert changed.layout["numbers"]['["model", "first", "hidden_width"]'] == {"value": 16}


def test_without_a_text_the_record_is_as_ever(tmp_path):
    layout = make_plan(read_declaration(SMALL), "small", None, None).layout
    assert not {"text", "numbers"} & layout.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a\n\n![](figure:f-frst)",
            "text.md:3: figure f-frst is not declared; did you mean f-first",
        ),
        ("@fig:f-frst", "did you mean f-first"),
        ("![](figure:f-first/9)", "has no panel 9; it has 2: loss_curve, denoised"),
        ('x\n{{ metric("train/frst", "final_loss") }}', "text.md:2: metric("),
        ('{{ metric("train/first", "final_los") }}', "did you mean final_loss?"),
        ('{{ parameter("train/first", "epoch") }}', "did you mean epochs"),
        ('{{ model("frst", "epochs") }}', "there is no model frst; did you mean first"),
        ('{{ model("first", "network") }}', "has several values"),
        ('{{ dataset("digit", "train") }}', "there is no data set digit; did you mean digits"),
        ("{{ profile():.2f }}", "is no number; leave :.2f out"),
        ("[a](claim:smal)", "there is no claim smal; did you mean small"),
        ("[a](claim:small/f-frst)", "did you mean f-first"),
        ("```listing tasks.diffusion.process.samplers:ddpm_stp\n```", "did you mean ddpm_step?"),
        ("@hoo said", "@hoo is not in refs.bib; did you mean ho"),
        ("$\\alhpa$", "did you mean \\alpha?"),
        ("[a](javascript:alert(1))", "is not allowed"),
    ],
)
def test_unknown_things_are_refused_with_line_and_what_was_meant(tmp_path, text, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        plan(write(tmp_path, text))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../text.md", "below it"),
        ("/etc/passwd", "below it"),
        ("a/../../text.md", "below it"),
        ("text.txt", "below it"),
        ("tex.md", "did you mean text.md?"),
    ],
)
def test_file_of_a_text_lies_in_the_folder(tmp_path, path, said):
    file = write(tmp_path)
    file.write_text(file.read_text().replace("text: text.md", f"text: {path}"))
    with pytest.raises(BadInput, match=re.escape(said)):
        plan(file)


def test_numbers_in_titles_are_checked_too(tmp_path):
    file = write(tmp_path)
    data = yaml.safe_load(file.read_text())
    data["figures"]["f-first"]["title"] = 'Loss {{ metric("train/frst", "final_loss") }}'
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(BadInput, match=r"figures\.f-first\.title: .*did you mean train/first"):
        plan(file)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({**CLAIM, "holds_when": "True"}, "claims.small.holds_when"),
        ({**CLAIM, "holds_when": 'metric("train/scond", "x") < 1'}, "did you mean train/second"),
        ({**CLAIM, "holds_when": 'metric("train/second", "x") < 1'}, "has no metric x"),
        ({**CLAIM, "claim": "Both"}, "either claim: or statement:"),
        ({**CLAIM, "figures": ["f-frst"]}, "f-first"),
        ({"claim": "A", "holds_when": "b", "writeups": ["small"]}, "is not defined in Darkroom"),
    ],
)
def test_own_claims_are_checked(tmp_path, claim, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        plan(write(tmp_path, claims={"small": claim}))


def test_own_claim_is_measured_on_the_metrics_of_its_nodes():
    entries = [{"node": "input_0", "name": "a"}, {"node": "input_1", "name": "b"}]
    metrics = {"input_0": {"x_distance": 0.5}, "input_1": {"y": 2.0}}
    evidence = Evidence(entries, metrics)
    found = compare_metrics('metric("a", "x") < metric("b", "y") / 2', evidence)
    assert (found.holds, found.because) == (True, "0.5 < 1 is so")
    assert found.numbers == {"x of a": 0.5, "y of b": 2.0}
    assert not compare_metrics('metric("a", "x") > 1', evidence).holds
    for unmeasurable in ('metric("a", "z") < 1', '1 / (metric("b", "y") - 2) < 1'):
        with pytest.raises(NotMeasurable):
            compare_metrics(unmeasurable, evidence)


@pytest.mark.slow
def test_a_comma_makes_another_page_and_nothing_else(tmp_path, monkeypatch):
    in_process.prepare(tmp_path, monkeypatch)
    text = TEXT.replace('{{ metric("train/first", "final_loss"):.2f }}', "low")
    request = RunRequest(
        pipeline="small",
        declaration=str(write(tmp_path, text, claims={})),
        store=str(tmp_path / "store"),
        report_folder=str(tmp_path / "report"),
    )
    (tmp_path / "text.md").write_text(text.replace("[It is small](claim:small).", ""))
    assert in_process.run(request).status == "complete"
    made = in_process.computed(tmp_path)
    assert "def ddpm_step(" in (tmp_path / "report/small.html").read_text()
    (tmp_path / "text.md").write_text("# Another title, and a comma")
    began = time.perf_counter()
    assert in_process.run(request).status == "nothing to do"
    assert time.perf_counter() - began < 20
    assert in_process.computed(tmp_path) == made
    assert "Another title, and a comma" in (tmp_path / "report/small.html").read_text()
