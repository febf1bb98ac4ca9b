"""An anagram: one picture in both its orientations, and the way from one to the other."""

from __future__ import annotations

import json

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.moving import Caption, eased_progress, there_and_back
from tasks.figures.drawing.picture_inputs import read_picture
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.turning import motion_data, pixel_view, turning_frames
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.plots import Plot
from tasks.figures.words import UPRIGHT, view_words
from tasks.running.step import Step

WIDTH = 256
"""Of the moving picture at rest, in pixels: 64 enlarged 4 times."""


def draw_turn(step: Step) -> Drawing:
    """params: view; prompts, of the picture as it is and as the view shows it.

    "motion.json" says how the one becomes the other; see motion_data.
    """
    picture = read_picture(step, "picture")
    view = pixel_view(step.params["view"], len(picture))
    word = view_words(step.params["view"])
    upright, turned = (str(prompt) for prompt in step.params["prompts"])
    still = draw_pictures(
        [
            [
                Picture(picture, upright, role="picture"),
                Picture(view.apply(picture), turned, role="picture"),
            ]
        ],
        column_labels=[UPRIGHT, word],
    )
    progress = eased_progress()
    frames = turning_frames(picture, view, max(1, WIDTH // len(picture)), progress)
    captions = (Caption(UPRIGHT, upright), Caption(word, turned))
    sheet, webp = there_and_back(frames, progress, captions, still)
    alt = f"One picture: upright, made to show {upright}; {word}, made to show {turned}."
    motion = json.dumps(motion_data(view), separators=(",", ":")).encode()
    return Drawing.of_sheet(sheet, alt, animation_webp=webp, motion_json=motion)


def play_turn(panel: DrawnPanel) -> Control:
    """The page turns the picture itself, as far as readers say."""
    return {
        "kind": "turn",
        "picture": panel.picture_address("picture"),
        "motion": json.loads(panel.read(panel.row, "motion.json")),
        "words": [UPRIGHT, view_words(panel.params["view"])],
        "prompts": panel.prompts(),
    }


PLOTS = [Plot("turn", draw_turn, play_turn)]
