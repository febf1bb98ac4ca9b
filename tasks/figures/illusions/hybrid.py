"""A hybrid: one picture seen from near and from far, and the way between."""

from __future__ import annotations

from PIL import Image

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.moving import Caption, eased_progress, there_and_back
from tasks.figures.drawing.picture_inputs import read_picture
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import Images, seen_at
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.plots import Plot
from tasks.running.step import Step

FIELD = (221, 223, 226)
FIELD_MARGIN = 12


def draw_distance(step: Step) -> Drawing:
    """params: near_pixels, far_pixels, how wide the picture is drawn; prompts, near and far."""
    picture = read_picture(step, "picture")
    near, far = int(step.params["near_pixels"]), int(step.params["far_pixels"])
    near_prompt, far_prompt = (str(prompt) for prompt in step.params["prompts"])
    labels = [f"near, {near} px", f"far, {far} px"]
    still = draw_pictures(
        [
            [
                Picture(picture, near_prompt, width=near, role="picture"),
                Picture(picture, far_prompt, width=far, role="picture"),
            ]
        ],
        column_labels=labels,
    )
    progress = eased_progress()
    frames = [_on_field(picture, near, far, p) for p in progress]
    captions = (Caption(labels[0], near_prompt), Caption(labels[1], far_prompt))
    sheet, webp = there_and_back(frames, progress, captions, still)
    alt = (
        f"One picture at two distances: near, {near} pixels wide, made to show {near_prompt}; far, "
        f"{far} pixels wide, made to show {far_prompt}."
    )
    return Drawing.of_sheet(sheet, alt, animation_webp=webp)


def _on_field(picture: Images, near: int, far: int, p: float) -> Image.Image:
    """The picture on a grey field, as far away as `p` says: each part of the way shrinks it by the
    same factor, as walking backwards at a growing pace does."""
    side = max(near, far) + 2 * FIELD_MARGIN
    width = near * (far / near) ** p
    margin = round((side - width) / 2)
    # Between the ends the widths all leave equal margins, or the picture would tremble.
    shown = seen_at(picture, {0.0: near, 1.0: far}.get(p, side - 2 * margin))
    field = Image.new("RGB", (side, side), FIELD)
    field.paste(Image.fromarray(shown), (margin, margin))
    return field


def play_distance(panel: DrawnPanel) -> Control:
    """The page draws the picture itself, as far away as readers say."""
    return {
        "kind": "distance",
        "picture": panel.picture_address("picture"),
        "near": int(panel.params["near_pixels"]),
        "far": int(panel.params["far_pixels"]),
        "prompts": panel.prompts(),
    }


PLOTS = [Plot("distance", draw_distance, play_distance)]
