"""The card beside the pocket model's weights: data, licence, recipe, numbers, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.pocket.recipe import PocketRecipe
from tasks.pocket.retrieval_words import MEASURES, SEEN

FONT_LICENCE = (
    "Pictures are drawn from Noto Color Emoji (Copyright 2013 Google LLC, SIL Open Font License "
    "1.1) and from drawings of this project. The weights are under this repository's licence."
)
LIMITS = (
    "It knows the words of data/pocket/concepts.yaml and no others: a word it has never seen is "
    "spelt out in tokens that mean nothing to it.",
    "Its pictures are emoji, one object or a small scene in the middle, not photographs; "
    '"a photo of" is a light, a shadow and a ground.',
    "It is small enough to run on a laptop, so a good half of what a large model does well (hands, "
    "text, perspective, several objects in relation) is out of its reach.",
    "People are drawn as the font draws them by default: yellow, and few.",
)


def stage_one_card(
    params: Mapping[str, Any], training: Mapping[str, float], measured: Mapping[str, float]
) -> str:
    """Markdown. params: of the training node. training, measured: metrics of the training and of
    the measuring node."""
    return "\n".join(
        [
            "# pocket-if: stage I",
            "",
            "A text-to-image model of 64 x 64 pixels in DeepFloyd IF's layout: "
            "`diffusers.IFPipeline.from_pretrained` loads it unchanged.",
            "",
            "## Data and licence",
            "",
            FONT_LICENCE,
            f"{_recipe(params)} One caption in ten is empty; pictures are shifted by up to four "
            "pixels and one in four is mirrored where that keeps its meaning.",
            "",
            "## Recipe",
            "",
            f"{training['parameters'] / 1e6:.1f} million parameters (T5 encoder of two layers, "
            "U-Net of five levels), float16 on disk. Noise prediction with min-SNR(5) weights "
            "(in the phase fine with equal ones) and a learned variance, AdamW, a moving average "
            f"of the weights, {training['training_seconds'] / 3600:.1f} hours.",
            "",
            _phases(params),
            "",
            "## Measured",
            "",
            f"A classifier trained apart, on drawn pictures only, names the concept of "
            f"{100 * measured['accuracy']:.1f} percent of guided samples (first choice among all "
            f"concepts; by seed: {_by_seed(measured)}), and of "
            f"{100 * measured['style_accuracy']:.1f} percent of subjects drawn in every style.",
            "",
            "## Limits",
            "",
            *(f"- {limit}" for limit in LIMITS),
            "",
        ]
    )


def stage_two_card(params: Mapping[str, Any], training: Mapping[str, float]) -> str:
    """Markdown, as stage_one_card."""
    return "\n".join(
        [
            "# pocket-if-ii: stage II",
            "",
            "Enlarges pictures of pocket-if from 64 to 128 pixels: "
            "`diffusers.IFSuperResolutionPipeline.from_pretrained` loads it unchanged. Prompts are "
            "encoded by stage I.",
            "",
            "## Data and licence",
            "",
            f"{FONT_LICENCE} {_recipe(params)}",
            "",
            "## Recipe",
            "",
            f"{training['parameters'] / 1e6:.1f} million parameters, float16 on disk, "
            f"{training['training_seconds'] / 3600:.1f} hours; noise levels 0 to 399 on its input.",
            "",
            _phases(params),
            "",
            "## Limits",
            "",
            "- It sharpens edges of emoji; on photographs it removes texture.",
            "",
        ]
    )


def similarity_card(params: Mapping[str, Any], training: Mapping[str, float]) -> str:
    """Markdown, as stage_one_card."""
    phase = params["phases"]["similarity"]
    return "\n".join(
        [
            "# pocket-clip",
            "",
            "How well a picture fits a text. `transformers.CLIPModel`, `CLIPTokenizer` and "
            "`CLIPImageProcessor` load it unchanged; pictures of any size are seen at 48 x 48.",
            "",
            "## Data and licence",
            "",
            f"{FONT_LICENCE} {_recipe(params)} Captions name subject and style. No picture that "
            "the pocket model sampled is among the training data.",
            "",
            "## Recipe",
            "",
            f"{training['parameters'] / 1e6:.1f} million parameters (vision: 4 layers of width "
            "128, patches of 8 pixels; text: 2 layers of width 128), float16 on disk. Contrastive "
            f"loss over batches of {phase['batch_size']}, in which pictures of one subject in one "
            "style are right for each other's captions; "
            f"{training['training_seconds'] / 60:.0f} minutes on one core, shared.",
            "",
            _phases(params),
            "",
            "Pictures are disturbed as those are that the model judges: shifted, scaled (0.85 to "
            "1.1), turned by up to 8 degrees, mirrored where that means the same; tinted; 40 "
            "percent scaled down to between 8 and 32 pixels and up again; 8 percent without their "
            "low frequencies; 10 percent grey; half of them with grain. None is turned over: that "
            "an upside-down subject fits its caption less is what anagrams are judged by.",
            "",
            "## Measured",
            "",
            "Share of 2,000 renderings, with grounds and textures drawn from another seed than the "
            "training pictures and placed anew, whose nearest text is right: the concept among all "
            "phrases in the picture's style, the style among all styles of its concept, and both "
            "among all concepts in all styles.",
            "",
            "| seen | concept | style | both |",
            "|---|---|---|---|",
            *(
                f"| {words} | "
                + " | ".join(
                    f"{100 * training[f'{measure}_{condition}']:.1f} %" for measure in MEASURES
                )
                + " |"
                for condition, words in SEEN.items()
            ),
            "",
            "## Limits",
            "",
            "- It knows the pocket model's words and pictures and nothing else: other words fall "
            "apart into letters, other pictures get some similarity all the same.",
            "- The subjects of held-out renderings are the drawings it was trained on; grounds, "
            "textures and places are new.",
            "- It has seen pictures of one subject each: how it ranks two in one picture, as in an "
            "anagram or a hybrid, is extrapolation, and so is what it thinks of pictures upside "
            "down.",
            "- Similarities compare with each other, not with those of another model.",
            "",
        ]
    )


def _recipe(params: Mapping[str, Any]) -> str:
    styles = ", ".join(f"{name} {share:g}" for name, share in params["styles"].items())
    return f"Shares of styles: {styles}."


def _phases(params: Mapping[str, Any]) -> str:
    rows = ["| phase | steps | batch | learning rate |", "| --- | --- | --- | --- |"]
    for name, phase in PocketRecipe.from_params(params).phases.items():
        rows.append(f"| {name} | {phase.steps} | {phase.batch_size} | {phase.learning_rate:g} |")
    return "\n".join(rows)


def _by_seed(measured: Mapping[str, float]) -> str:
    return ", ".join(
        f"{100 * value:.1f}"
        for name, value in measured.items()
        if name.startswith("accuracy_seed_")
    )
