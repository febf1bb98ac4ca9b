"""The card beside the pocket model's weights: data, licence, recipe, numbers, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.pocket.objective import LEAST_WEIGHT, MOST_STRIDE
from tasks.pocket.training_loop import PocketRecipe
from tasks.pocket.words import MEASURES, SEEN

LIMITS = (
    "It knows the words of data/pocket/concepts.yaml and no others: a word it has never seen is "
    "spelt out in tokens that mean nothing to it.",
    "Its pictures of things and creatures are emoji, one object or a small scene; its photographs "
    "are of towers, houses, gates, bridges, rocks, lands, a cat and a lip balm, rendered.",
    "It is small enough to run on a laptop, so a good half of what a large model does well (hands, "
    "text, perspective, several objects in relation) is out of its reach.",
    "People are drawn as emoji are by default: yellow, and few.",
)


def stage_one_card(
    params: Mapping[str, Any],
    training: Mapping[str, float],
    measured: Mapping[str, float],
    sampling: Mapping[str, Any],
    artists: Sequence[str],
) -> str:
    """Markdown. params: of the training node. training, measured: metrics of the training and of
    the measuring node; sampling: params of that. artists: who draws glyphs beside the font, with
    licences."""
    return "\n".join(
        [
            "# pocket-if: stage I",
            "",
            "A text-to-image model of 64 x 64 pixels in DeepFloyd IF's layout: "
            "`diffusers.IFPipeline.from_pretrained` loads it unchanged.",
            "",
            "## Data and licence",
            "",
            _licences(artists),
            _recipe(params),
            "",
            "## Recipe",
            "",
            f"{training['parameters'] / 1e6:.1f} million parameters (T5 encoder of two layers, "
            "U-Net of five levels), float16 on disk. Noise prediction, weighted by "
            f"max(min(SNR, 5) / SNR, {LEAST_WEIGHT:g}); a learned variance, trained over strides "
            f"of 1 to {MOST_STRIDE} timesteps with the bounds of the stride; AdamW, a moving "
            f"average of the weights, {training['training_seconds'] / 3600:.1f} hours.",
            "",
            _phases(params),
            "",
            *_start(params),
            "## Measured",
            "",
            f"A classifier trained apart, on drawn pictures only, names the concept of "
            f"{100 * measured['accuracy']:.1f} percent of samples at {_guidance(sampling)} (first "
            f"choice among all concepts; by seed: {_by_seed(measured)}), and of "
            f"{100 * measured['style_accuracy']:.1f} percent of subjects drawn in every style.",
            "",
            "Grain (Immerkaer's estimate, 8-bit levels, median over plain and photo prompts): "
            f"{measured['grain']:.1f} in samples, {measured['grain_drawn']:.1f} in the pictures "
            "trained on.",
            "",
            "Photographs of data/images, none of them trained on, under the neutral prompt: the "
            "one-step estimate has a PSNR of "
            f"{measured['onestep_psnr_390']:.1f} dB at t = 390 and "
            f"{measured['onestep_psnr_690']:.1f} dB at t = 690; SDEdit from i_start 20 keeps "
            f"{measured['edit_psnr_20']:.1f} dB, and of {100 * measured['edits_faithful']:.0f} "
            "percent the distance to the original never rises with i_start; a hole is filled with "
            f"{measured['hole_psnr']:.1f} dB.",
            "",
            "## Limits",
            "",
            *(f"- {limit}" for limit in LIMITS),
            "",
        ]
    )


def stage_two_card(
    params: Mapping[str, Any],
    training: Mapping[str, float],
    measured: Mapping[str, float],
    artists: Sequence[str],
) -> str:
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
            _licences(artists),
            _recipe(params),
            "",
            "## Recipe",
            "",
            f"{training['parameters'] / 1e6:.1f} million parameters, float16 on disk, "
            f"{training['training_seconds'] / 3600:.1f} hours; noise levels 0 to 399 on its input. "
            "It predicts velocity, at all timesteps alike: from noise, x_0 at the noisiest is what "
            "is left of x_t times sixty, and colours of the whole were lost there.",
            "",
            _phases(params),
            "",
            *_start(params),
            "## Measured",
            "",
            "On pictures of another seed, halved and enlarged again at noise levels "
            + ", ".join(level for level, _ in _enlarged(measured))
            + ": PSNR "
            + ", ".join(f"{value:.1f}" for _, value in _enlarged(measured))
            + f" dB; bicubic has {measured['bicubic_psnr']:.1f} dB. Grain: "
            f"{measured['enlarged_grain']:.1f} (bicubic {measured['bicubic_grain']:.1f}, the "
            f"pictures themselves {measured['drawn_grain']:.1f}); of enlarged samples "
            f"{measured['grain_enlarged']:.1f}.",
            "",
            "## Limits",
            "",
            "- It sharpens edges; texture that 64 pixels do not hold it makes up or leaves out.",
            "",
        ]
    )


def similarity_card(
    params: Mapping[str, Any], training: Mapping[str, float], artists: Sequence[str]
) -> str:
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
            _licences(artists),
            f"{_recipe(params)} Captions name subject and style. No picture that the pocket model "
            "sampled is among the training data.",
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
            "Pictures are disturbed as those are that the model judges: tinted; 40 percent scaled "
            "down to between 8 and 32 pixels and up again; 8 percent without their low "
            "frequencies; 10 percent grey; half of them with grain. None is turned over: that "
            "an upside-down subject fits its caption less is what anagrams are judged by.",
            "",
            "## Measured",
            "",
            "Share of 2,000 pictures, drawn from another seed than those trained on, whose nearest "
            "text is right: the concept among all phrases in the picture's style, the style among "
            "all styles of its concept, and both among all concepts in all styles.",
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
            "- The glyphs in those pictures are the ones it was trained on; arrangements, grounds, "
            "textures and places are new.",
            "- It has seen pictures of one subject each: how it ranks two in one picture, as in an "
            "anagram or a hybrid, is extrapolation, and so is what it thinks of pictures upside "
            "down.",
            "- Similarities compare with each other, not with those of another model.",
            "",
        ]
    )


def _guidance(sampling: Mapping[str, Any]) -> str:
    scale, interval = f"guidance {sampling['guidance_scale']:g}", sampling["guidance_interval"]
    return scale if interval is None else f"{scale} from t = {interval[1]} to {interval[0]}"


def _licences(artists: Sequence[str]) -> str:
    drawn = "; ".join(artists)
    return (
        "Pictures are drawn from Noto Color Emoji (Copyright 2013 Google LLC, SIL Open Font "
        f"License 1.1){'; ' + drawn if drawn else ''}; and from drawings and rendered scenes of "
        "this project. The weights are under this repository's licence."
    )


def _recipe(params: Mapping[str, Any]) -> str:
    styles = ", ".join(f"{name} {share:g}" for name, share in params["styles"].items())
    scenes = params["photographs"]["scenes"]
    return (
        f"Shares of styles: {styles}. One picture in seven is a photograph, of {scenes} scenes "
        "rendered in four lights each. Subjects are scaled, turned, shifted and, where that keeps "
        "their meaning, mirrored; one caption in ten is empty."
    )


def _enlarged(measured: Mapping[str, float]) -> list[tuple[str, float]]:
    """Noise level of stage II's input to PSNR."""
    start = "enlarged_psnr_"
    found = [(k.removeprefix(start), v) for k, v in measured.items() if k.startswith(start)]
    return sorted(found, key=lambda pair: int(pair[0]))


def _start(params: Mapping[str, Any]) -> list[str]:
    start = params.get("start")
    if start is None:
        return []
    return [
        "Training went on from an earlier version of this model and of the world (U-Net "
        f"with the SHA-256 {start['unet_sha256']}).",
        "",
    ]


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
