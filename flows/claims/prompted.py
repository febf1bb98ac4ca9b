"""Evidence for claims on prompts: how well pictures fit them, as the similarity model sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flows.claims.evidence import (
    Evidence,
    NodeName,
    NotShown,
    Pictures,
    Shown,
    WriteUp,
    gathers,
    image_of,
)
from flows.figures.edits.text_edit import TextEdit
from flows.figures.illusions.anagram import Anagram
from flows.figures.illusions.hybrid import Hybrid
from flows.figures.prompted.prompt_samples import PromptSamples
from flows.figures.prompted.step_counts import StepCounts
from flows.nodes.sampling import IDENTITY, Sampling, slug, views_of
from tasks.store.node import JSON, Node

PICTURE = 64
"""Width of the pictures of stage I."""


@gathers
def steps_help(writeup: WriteUp) -> Evidence:
    """An entry a picture: node, prompt, seed, steps; the figure's own, and more seeds of them."""
    found = writeup.shown(StepCounts, "several step counts")
    entries: list[dict[str, JSON]] = []
    for shown in found:
        made = writeup.trajectories_of(shown)
        for seed in writeup.claim.more_seeds:
            if seed != shown.figure.seed:
                made += _more(writeup, shown, seed)
        entries += [
            {
                "node": NodeName(node.name),
                "prompt": writeup.prompts_of(node)[0],
                "seed": node.seed,
                "steps": node.params["timesteps"]["num_inference_steps"],
            }
            for node in made
        ]
    return _compared(entries, found)


def _more(writeup: WriteUp, shown: Shown[StepCounts], seed: int) -> list[Node]:
    spot, panel = writeup.spot(shown), shown.panel
    scale = panel.scale_in(spot)
    names = [
        spot.picture(
            f"{slug(prompt)}-{steps:03d}-steps-seed-{seed}",
            Sampling([prompt], seed, scale, steps=steps),
        )
        for prompt in panel.prompts
        for steps in panel.steps
    ]
    return [writeup.node(name) for name in names]


@gathers
def cfg_better(writeup: WriteUp) -> Evidence:
    """An entry a picture: node, prompt, seed, guided; of panels of one prompt, some with guidance
    and some without."""
    found = writeup.shown(PromptSamples, "samples of a prompt")
    entries = [
        {
            "node": NodeName(node.name),
            "prompt": writeup.prompts_of(node)[0],
            "seed": node.seed,
            "guided": node.params["guidance_scale"] != 1,
        }
        for shown in found
        for node in writeup.trajectories_of(shown)
    ]
    both = [
        prompt
        for prompt in dict.fromkeys(entry["prompt"] for entry in entries)
        if len({entry["guided"] for entry in entries if entry["prompt"] == prompt}) == 2
    ]
    if not both:
        raise NotShown("no prompt is sampled with guidance and without")
    kept = [entry for entry in entries if entry["prompt"] in both]
    return _compared(kept, found)


@gathers
def texti2i_trade(writeup: WriteUp) -> Evidence:
    """An entry an edit: node, image, prompt, i_start."""
    found = writeup.shown(TextEdit, "edits towards a prompt")
    ladders = [shown for shown in found if len(shown.panel.i_starts) > 2]
    if not ladders:
        raise NotShown("no edit towards a prompt is shown at three noise levels or more")
    entries = [
        {
            "node": NodeName(node.name),
            "image": image_of(node),
            "prompt": writeup.prompts_of(node)[0],
            "i_start": node.params["start"]["i_start"],
        }
        for shown in ladders
        for node in writeup.trajectories_of(shown)
    ]
    return _compared(entries, ladders)


@gathers
def anagram_both(writeup: WriteUp) -> Evidence:
    """An entry an anagram: node, prompts, view; one shown by another rule is followed by what the
    plain mean makes of its first seed, is_plain. Pictures: as it is, and under the view."""
    found = writeup.shown(Anagram, "anagrams")
    entries: list[dict[str, JSON]] = []
    for shown in found:
        panel, spot = shown.panel, writeup.spot(shown)
        made = zip(writeup.cells(shown), panel.versions_in(spot), strict=True)
        for number, (row, (pair, seeds)) in enumerate(made, 1):
            upright, turned = (cell for cell in row if cell is not None)
            entry: dict[str, JSON] = {
                "node": upright[0],
                "prompts": [str(upright[1]["label"]), str(turned[1]["label"])],
                "view": turned[1]["view"],
            }
            entries.append(entry)
            if panel.rule_in(spot) != "mean":
                mean = views_of(turned[1]["view"])
                plain = Sampling(pair.texts(), seeds[0], panel.scale_in(spot), combination=mean)
                node = NodeName(spot.picture(f"{number}-mean", plain))
                entries.append({**entry, "node": node, "is_plain": True})
    pictures = [
        {"node": entry["node"], "side": None, "view": view}
        for entry in entries
        for view in (IDENTITY, entry["view"])
    ]
    wanted = Pictures(pictures, _distinct(p for entry in entries for p in entry["prompts"]))
    return Evidence(entries, found, wanted)


@gathers
def hybrid_both(writeup: WriteUp) -> Evidence:
    """An entry a hybrid: node, near and far (prompts), side (pixels that are left of it afar)."""
    found = writeup.shown(Hybrid, "hybrid images")
    entries: list[dict[str, JSON]] = []
    pictures: list[dict[str, JSON]] = []
    for shown in found:
        side = max(1, round(PICTURE * shown.panel.far_pixels / shown.panel.near_pixels))
        for row in writeup.cells(shown):
            near, far = (cell for cell in row if cell is not None)
            node = near[0]
            entries.append(
                {
                    "node": node,
                    "near": str(near[1]["label"]),
                    "far": str(far[1]["label"]),
                    "side": side,
                }
            )
            pictures += [
                {"node": node, "side": None, "view": None},
                {"node": node, "side": side, "view": None},
            ]
    prompts = _distinct(entry[which] for entry in entries for which in ("near", "far"))
    return Evidence(entries, found, Pictures(pictures, prompts))


@gathers
def views_orthogonal(writeup: WriteUp) -> Evidence:
    """An entry an anagram, on whose picture the views are tried: node, view."""
    evidence = anagram_both(writeup)
    entries = [
        {"node": entry["node"], "view": entry["view"]}
        for entry in evidence.entries
        if "is_plain" not in entry
    ]
    return Evidence(entries, evidence.panels)


def _compared(entries: Sequence[dict[str, JSON]], panels: Sequence[Shown[Any]]) -> Evidence:
    """Entries of one picture and one prompt each, all as they are."""
    pictures = [{"node": entry["node"], "side": None, "view": None} for entry in entries]
    prompts = _distinct(str(entry["prompt"]) for entry in entries)
    return Evidence(entries, panels, Pictures(pictures, prompts))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
