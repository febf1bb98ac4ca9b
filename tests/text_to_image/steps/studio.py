"""A tiny text-to-image model on disk, and steps that use it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tasks.data.images import to_png
from tasks.running.step import StepResult
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.steps.encode_prompt import encode_prompt
from tasks.text_to_image.steps.sample import sample_trajectories
from tests.tiny_if import TinyIF
from tests.workshop import Workshop

SIZE, LARGE_SIZE = 16, 32
"""Of the pictures of the two stages."""

BOX = {"shape": "box", "points": [[0.25, 0.25], [0.75, 0.75]]}
STRIDED = {"kind": "strided", "first": 990, "stride": 330}
"""t = 990, 660, 330, 0."""

_encoded: dict[str, StepResult] = {}


class Studio:
    """Makes the inputs of sampling steps in a workshop. Networks mean nothing, and are whole."""

    def __init__(self, workshop: Workshop, models: TinyIF) -> None:
        self.workshop, self.models = workshop, models

    def model(self, component: str) -> dict:
        """params["model"] of a step that uses the component."""
        second = component == "stage_two"
        folder = self.models.stage_two if second else self.models.stage_one
        return ModelPart("tiny", component, str(folder)).to_params()

    def prompt(self, text: str):
        """Encoded once in a session."""
        step = self.workshop.step("prompt", {"prompt": text, "model": self.model("text_encoder")})
        if text not in _encoded:
            _encoded[text] = encode_prompt(step)
        return self.workshop.record("prompt", step, _encoded[text])

    def image(self, seed: int = 0):
        """An input image: soft blobs of colour."""
        small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize((256, 256), Image.Resampling.BICUBIC)
        step = self.workshop.step("image", {"image": "blobs", "number": seed})
        return self.workshop.record("image", step, StepResult({"image.png": to_png(picture)}))

    def noised(self, timesteps=(250, 500, 750), seed: int = 0):
        params = {"timesteps": list(timesteps), "size": SIZE, "model": self.model("scheduler")}
        return self.workshop.run("noised", params, {"image": self.image()}, seed)

    def trajectory(self, *prompts: str, image=None, reference=None, kept=None, seed=0, **changes):
        """A step of kind "trajectory", guided unless it says otherwise."""
        params = {
            "start": {"kind": "noise"},
            "timesteps": STRIDED,
            "guidance_scale": 7.0,
            "combination": {"kind": "single"},
            "mask": None,
            "snapshots": [],
            "model": self.model("stage_one"),
            **changes,
        }
        inputs = {f"prompt_{i}": self.prompt(text) for i, text in enumerate(prompts or ["a dog"])}
        if params["guidance_scale"] != 1:
            inputs["unconditional"] = self.prompt("")
        inputs |= {"image": image} if image else {}
        inputs |= {"reference": reference} if reference else {}
        inputs |= {"start": kept} if kept else {}
        return self.workshop.step("trajectory", params, inputs, seed)

    def sampled(self, *prompts: str, **changes):
        """The row of a trajectory."""
        step = self.trajectory(*prompts, **changes)
        (result,) = sample_trajectories([step])
        if isinstance(result, Exception):
            raise result
        return self.workshop.record("trajectory", step, result)
