"""What a declaration of annotated-diffusion parts cannot say, and what it expands to."""

from __future__ import annotations

import math

import pytest
import torch

from flows.declaration.objectives import LEAST_SIGNAL, NoiseSchedule, log_alpha_bar
from flows.declaration.read_declaration import read_declaration
from flows.plan.expand import expand
from tasks import BadInput
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.seeds import named_generator
from tasks.training.model_parts import build_objective
from tests.diffusion.process.answer import Answer
from tests.flows.small_declaration import SMALL, spoiled, write

CONVNEXT = {
    "title": "Annotated",
    "data": "digits",
    "network": {"kind": "convnext", "hidden_width": 8, "multipliers": [1, 2], "num_classes": 10},
    "objective": {"kind": "noise_prediction", "p_uncond": 0.1},
    "batch_size": 64,
    "epochs": 2,
    "learning_rate": 0.001,
    "sampler": {"method": "ancestral"},
}
STUDY = {"model": "clothes", "classifier": "reader", "ways": [{}], "samples": 50}
GUIDE = {
    "title": "Guide",
    "model": "clothes",
    "classifier": "reader",
    "width": 8,
    "batch_size": 64,
    "epochs": 1,
    "learning_rate": 0.001,
    "guidance_scales": [0.0, 2.0],
    "samples": 50,
}


def declared(tmp_path, study=None, guide=None, **model):
    data = spoiled("models/clothes", {**CONVNEXT, **model})
    data["studies"] = {"s": {**STUDY, **(study or {})}}
    data["guides"] = {"g": {**GUIDE, **(guide or {})}}
    return read_declaration(write(tmp_path, data))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sampler": {"method": "ddpm"}},
            'models.clothes.sampler.method is "ddpm", but the objective is noise_prediction; '
            "expected one of: ancestral, ddim",
        ),
        (
            {"sampler": {"method": "ddim", "steps": 201}},
            "models.clothes.sampler.steps is 201; expected at most num_timesteps, 200",
        ),
        (
            {"objective": {"kind": "ddpm"}, "sampler": {"method": "ddpm"}},
            'models.clothes.objective.kind is "ddpm", but the model has a convnext network; '
            "expected noise_prediction",
        ),
        (
            {"network": {**CONVNEXT["network"], "hidden_width": 7}},
            "models.clothes.network.hidden_width is 7; expected a multiple of 2",
        ),
        (
            {"network": {**CONVNEXT["network"], "multipliers": [1, 2, 4, 8]}},
            "models.clothes.network.multipliers is [1, 2, 4, 8]; expected at most 3 entries",
        ),
        (
            {"network": {**CONVNEXT["network"], "kind": "resnet"}},
            'models.clothes.network.kind is "resnet"; expected convnext',
        ),
        (
            {"objective": {"kind": "noise_prediction", "loss": "l3"}},
            'models.clothes.objective.loss is "l3"; expected one of: l1, l2, huber',
        ),
        (
            {"objective": {"kind": "noise_prediction", "beta_start": 0.5}},
            "models.clothes.objective.beta_start is 0.5; expected at most beta_end, 0.02",
        ),
        (
            {"objective": {"kind": "noise_prediction", "num_timesteps": 2000, "beta_end": 0.9}},
            "models.clothes.objective.beta_end is 0.9; after 2000 timesteps sqrt(alpha_bar_T) is "
            "1e-323; expected a smaller beta_end or fewer num_timesteps, so that it is at least "
            "1e-37",
        ),
        (
            {"study": {"classifier": "judge"}},
            'studies.s.classifier is "judge", which is not a declared classifier',
        ),
        (
            {"study": {"model": "denoiser"}},
            'studies.s.model is "denoiser"; expected a model that makes images from noise',
        ),
        (
            {"study": {"model": "flow", "ways": [{"start": "matched"}]}},
            'studies.s.ways.0.start is "matched", but flow matching starts from N(0, I)',
        ),
        ({"study": {"ways": [{}, {}]}}, "studies.s.ways holds"),
        (
            {"study": {"ways": [{"sampler": {"method": "euler"}}]}},
            'studies.s.ways.0.sampler.method is "euler", but the objective is noise_prediction',
        ),
        (
            {"guide": {"model": "flow"}},
            'guides.g.model is "flow"; expected a class-conditioned model (network.num_classes: '
            "10) whose objective is ddpm or noise_prediction",
        ),
        (
            {"guide": {"batch_size": 5000}},
            "guides.g.batch_size is 5000; expected at most 1437, the training images of digits",
        ),
        ({"guide": {"guidance_scales": [1.0, 1.0]}}, "guides.g.guidance_scales holds 1.0 twice"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(tmp_path, changes, message):
    with pytest.raises(BadInput) as error:
        declared(tmp_path, **changes).settle()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"plot": "ways", "study": "t"}, '.study is "t", which is not a declared study'),
        ({"plot": "ways", "study": "s"}, ".columns is 12; expected 10, a column for each class"),
        (
            {"plot": "guidance_grid", "guide": "g", "guidance_scales": [3.0]},
            ".guidance_scales asks for 3; expected some of the guide's: 0, 2",
        ),
        (
            {"plot": "pixel_ranges", "model": "ddpm"},
            '.model is "ddpm"; pixel_ranges needs a model of noise_prediction',
        ),
        (
            {"plot": "forward_strip", "image": "photo", "indices": [200]},
            ".indices is [200]; expected at most 199, the last timestep counted from 0",
        ),
        (
            {"plot": "schedules", "schedules": [{}, {"num_timesteps": 2000, "beta_end": 0.9}]},
            ".schedules.1.beta_end is 0.9; after 2000 timesteps",
        ),
        (
            {"plot": "signal_to_noise", "schedules": [{"beta_start": 0.5}]},
            ".schedules.0.beta_start is 0.5; expected at most beta_end, 0.02",
        ),
        (
            {
                "plot": "forward_strip",
                "image": "photo",
                "indices": [1],
                "schedule": {"num_timesteps": 9000, "beta_end": 0.5},
            },
            ".schedule.beta_end is 0.5; after 9000 timesteps",
        ),
    ],
)
def test_panel_that_cannot_be_drawn_is_refused(tmp_path, panel, message):
    data = spoiled("models/clothes", CONVNEXT)
    data["studies"], data["guides"] = {"s": STUDY}, {"g": GUIDE}
    data["figures"]["noise"]["panels"] = [panel]
    with pytest.raises(BadInput) as error:
        read_declaration(write(tmp_path, data)).settle()
    assert f"figures.noise.panels.0{message}" in str(error.value)


@pytest.mark.parametrize(
    ("loss", "off_by_half", "off_by_two"),
    # |e|, e^2, and Huber's with its bend at 1: e^2 / 2 below, |e| - 1/2 above.
    [("l1", 0.5, 2.0), ("l2", 0.25, 4.0), ("huber", 0.125, 1.5)],
)
def test_declared_loss_is_the_one_that_is_trained(tmp_path, loss, off_by_half, off_by_two):
    objective = {**CONVNEXT["objective"], "loss": loss}
    nodes = {node.name: node for node in expand(declared(tmp_path, objective=objective).settle())}
    built = build_objective(nodes["train/clothes"].params)
    x = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))

    def off_by(error):
        def answer(x_t, t, c):
            alpha_bar = built.schedule.alpha_bar[t.long()].view(-1, 1, 1, 1)
            eps = (x_t - alpha_bar.sqrt() * (2 * x - 1)) / (1 - alpha_bar).sqrt()
            return eps + error

        labels = torch.zeros(len(x), dtype=torch.int64)
        return float(built.loss(Answer(answer), x, labels, named_generator(0, "test")))

    assert (off_by(0.5), off_by(2)) == pytest.approx((off_by_half, off_by_two), rel=1e-3)
    assert off_by(0) < 1e-3


@pytest.mark.parametrize("name", ["linear", "quadratic", "sigmoid"])
@pytest.mark.parametrize(("num_timesteps", "beta_end"), [(2, 0.02), (200, 0.02), (900, 0.3)])
def test_signal_left_at_the_end_is_that_of_the_schedule(name, num_timesteps, beta_end):
    declared = NoiseSchedule(schedule=name, num_timesteps=num_timesteps, beta_end=beta_end)
    schedule = noise_schedule(name, num_timesteps, 1e-4, beta_end)
    assert log_alpha_bar(declared) == pytest.approx(float(schedule.alpha[1:].log().sum()))


def test_every_cosine_schedule_leaves_enough():
    alpha_bar = float(noise_schedule("cosine", 10_000).alpha_bar[-1])
    assert log_alpha_bar(NoiseSchedule(schedule="cosine", num_timesteps=10_000)) == 0
    assert math.log10(alpha_bar) / 2 > LEAST_SIGNAL


def test_two_studies_share_a_way_with_the_larger_number_of_samples(tmp_path):
    data = spoiled("models/clothes", CONVNEXT)
    data["studies"] = {"a": STUDY, "b": {**STUDY, "samples": 90}}
    nodes = [
        node
        for node in expand(read_declaration(write(tmp_path, data)).settle())
        if node.kind == "variant"
    ]
    assert [(node.name, node.params["samples"]) for node in nodes] == [
        ("variant/clothes/epoch-002/ancestral-200", 90)
    ]


def test_models_of_the_course_have_no_new_parameters(tmp_path):
    nodes = expand(read_declaration(write(tmp_path, SMALL)).settle())
    (flow,) = [node for node in nodes if node.name == "train/flow"]
    assert set(flow.params["network"]) == {"hidden_width", "time_conditioning", "num_classes"}
    assert "horizontal_flip" not in flow.params
