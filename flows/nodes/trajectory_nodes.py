"""Nodes of prompts, images, trajectories and what is made of them, as figures ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.declaration import Declaration
from flows.declaration.text_to_image import StageTwo
from flows.nodes.image_nodes import image_nodes
from flows.nodes.model_identity import chosen_backend
from flows.nodes.sampling import Sampling, prompt_name
from tasks.store.node import JSON, Node, canonical_json
from tasks.text_to_image.model_part import Component

SIZE = 64
"""Width of the pictures of stage I."""

JUDGED_TIMESTEPS = 8
"""At which the network is asked how well a picture fits a prompt."""

JUDGED_GUIDANCE = 2.0
"""Any scale but 1: a prompt is judged against the empty one."""

ModelPart = Callable[[Component], dict[str, JSON]]
"""Component to params["model"] of the nodes that use it."""


class TrajectoryNodes:
    """Each method adds what it is asked for, and what that needs, and returns the node's name.

    project_root: the folder of pipelines.yaml. model_part: what stands for the chosen backend.
    """

    def __init__(self, declaration: Declaration, project_root: Path, model_part: ModelPart) -> None:
        self.settings = declaration.text_to_image
        self._declaration = declaration
        self._project_root = project_root
        self._part = model_part
        self._book = NodeBook()
        # The file of an image is read and hashed once.
        self._images: dict[str, str] = {}

    def nodes(self) -> list[Node]:
        """All that was asked for, inputs first, each once."""
        return self._book.nodes()

    def node(self, name: str) -> Node:
        """One that was asked for."""
        return self._book.node(name)

    def similarity_model(self) -> dict[str, JSON]:
        """params["model"] of the nodes that ask how well pictures fit texts."""
        return self._part("similarity")

    def prompt(self, text: str) -> str:
        params = {"prompt": text, "model": self._part("text_encoder")}
        return self._book.add(Node(prompt_name(text), "prompt", params))

    def image(self, name: str) -> str:
        if name not in self._images:
            (node,) = image_nodes(self._declaration, [name], self._project_root)
            self._images[name] = self._book.add(node)
        return self._images[name]

    def noised(self, where: str, image: str, timesteps: Sequence[int], seed: int) -> str:
        """where: <figure>/<panel>, here and below with a label behind it."""
        params = {
            "timesteps": list(timesteps),
            "size": SIZE,
            "model": self._part("scheduler"),
        }
        inputs = {"image": self.image(image)}
        return self._book.add(Node(f"noised/{where}", "noised", params, inputs, seed))

    def blurred(self, where: str, noisy: str, kernel: int, sigma: float | None) -> str:
        params = {"kernel": kernel, "sigma": shown_sigma(kernel, sigma)}
        return self._book.add(Node(f"blurred/{where}", "blurred", params, {"noisy": noisy}))

    def one_step(
        self, where: str, noisy: str, count: int, prompt: str, guidance_scale: float
    ) -> str:
        """count: how many noisy pictures there are."""
        params = {"guidance_scale": guidance_scale, "model": self._part("stage_one")}
        inputs = {"noisy": noisy, **self._encoded([prompt], guidance_scale)}
        work = count * (2.0 if guidance_scale != 1 else 1.0)
        return self._book.add(Node(f"one_step/{where}", "one_step", params, inputs, 0, work))

    def trajectory(self, where: str, wanted: Sampling) -> str:
        combination = self._combination(wanted)
        params = {
            "start": wanted.start,
            "timesteps": wanted.timesteps(self.settings),
            "guidance_scale": wanted.guidance_scale,
            "combination": combination,
            "mask": wanted.mask,
            "snapshots": sorted(wanted.snapshots, reverse=True),
            "model": self._part("stage_one"),
        }
        inputs = self._encoded(wanted.prompts, wanted.guidance_scale)
        if wanted.image is not None:
            inputs["image"] = self.image(wanted.image)
        if wanted.reference is not None:
            inputs["reference"] = self.image(wanted.reference)
        if wanted.goes_on is not None:
            inputs["start"] = wanted.goes_on[0]
        interval = combination.get("guidance_interval")
        work = float(wanted.count_all_rows(self.settings, interval))
        name = f"trajectory/{where}"
        return self._book.add_trajectory(
            Node(name, "trajectory", params, inputs, wanted.seed, work)
        )

    def _combination(self, wanted: Sampling) -> dict[str, Any]:
        """With the backend's guidance interval, where there is guidance and the figure names
        none."""
        interval = chosen_backend(self._declaration)[1].guidance_interval
        if interval is None or not wanted.is_guided:
            return dict(wanted.combination)
        return {"guidance_interval": list(interval), **wanted.combination}

    def upscale(self, where: str, picture: str, wanted: Sampling) -> str:
        """The picture of a trajectory enlarged by the second stage, with its prompts and seed."""
        stage: StageTwo = self.settings.stage_two
        steps = stage.num_inference_steps or wanted.count_steps(self.settings)
        params = {
            "noise_level": stage.noise_level_of(is_illusion=wanted.is_illusion),
            "num_inference_steps": steps,
            "guidance_scale": stage.guidance_scale,
            "combination": wanted.combination,
            "model": self._part("stage_two"),
        }
        inputs = {"image": picture, **self._encoded(wanted.prompts, stage.guidance_scale)}
        work = float(wanted.count_rows(steps, stage.guidance_scale))
        return self._book.add(
            Node(f"upscale/{where}", "upscale", params, inputs, wanted.seed, work)
        )

    def choice(
        self, where: str, tries: Sequence[str], wanted: Sampling, *, keep: int | None = None
    ) -> str:
        """The best of several trajectories alike but for the seed: by the seam of what was painted
        into an image, else by how well each fits its prompts. keep: so many may go on, of tries
        that have ended half-way."""
        inputs = {f"try_{index}": name for index, name in enumerate(tries)}
        params: dict[str, JSON]
        if wanted.image is not None and wanted.mask is not None:
            params = {"score": "seam", "mask": wanted.mask}
            work = 1.0
        else:
            params = {
                "score": "alignment",
                "combination": wanted.combination,
                "model": self._part("stage_one"),
            }
            # Whatever the scale, a prompt is judged against none.
            inputs |= self._encoded(wanted.prompts, JUDGED_GUIDANCE)
            # Each try as it is seen for each prompt, under every prompt and under none.
            params |= {} if keep is None else {"keep": keep}
            count = len(wanted.prompts)
            work = float(len(tries) * count * (count + 1) * JUDGED_TIMESTEPS)
        return self._book.add(Node(f"choice/{where}", "choice", params, inputs, wanted.seed, work))

    def _encoded(self, prompts: Sequence[str], guidance_scale: float) -> dict[str, str]:
        """Roles of the prompts, and of the empty one where there is guidance."""
        inputs = {f"prompt_{index}": self.prompt(text) for index, text in enumerate(prompts)}
        if guidance_scale != 1:
            inputs["unconditional"] = self.prompt("")
        return inputs


def shown_sigma(kernel: int, sigma: float | None) -> float:
    """Of a blur: as declared, or the one that torchvision takes for the kernel."""
    return sigma if sigma is not None else round(0.15 * kernel + 0.35, 6)


class NodeBook:
    """Nodes as they are wanted, each once, in the order of first wishes: what two figures want
    alike is one node, under the name that the first gave it."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._names: dict[str, str] = {}
        self._alike: dict[str, list[str]] = {}
        """Trajectories that differ only in the snapshots they keep."""

    def add(self, node: Node) -> str:
        """The name of the node that does the same, which is `node` if there is none yet."""
        content = _content(node, node.params)
        if content not in self._names:
            self._names[content] = self._put(node)
        return self._names[content]

    def add_trajectory(self, node: Node) -> str:
        """The same for a trajectory, which keeps snapshots for whoever wants some.

        One that wants none takes any; two that want different ones stay apart, since each draws
        all that it finds.
        """
        wanted = node.params["snapshots"]
        alike = self._alike.setdefault(_content(node, {**node.params, "snapshots": []}), [])
        for name in alike:
            if not wanted or self._nodes[name].params["snapshots"] == wanted:
                return name
        for name in alike:
            kept = self._nodes[name]
            if not kept.params["snapshots"]:
                self._nodes[name] = replace(kept, params={**kept.params, "snapshots": wanted})
                return name
        alike.append(self._put(node))
        return alike[-1]

    def node(self, name: str) -> Node:
        """KeyError if there is none of that name."""
        return self._nodes[name]

    def nodes(self) -> list[Node]:
        return list(self._nodes.values())

    def _put(self, node: Node) -> str:
        name, number = node.name, 1
        while name in self._nodes:
            number += 1
            name = f"{node.name}-{number}"
        self._nodes[name] = replace(node, name=name)
        return name


def _content(node: Node, params: Mapping[str, JSON]) -> str:
    return canonical_json([node.kind, params, node.inputs, node.seed])
