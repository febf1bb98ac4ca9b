"""Every claim on evidence of which the answer is known: it holds, it fails, it stays open."""

from __future__ import annotations

import numpy as np
import pytest

from flows.claims.evidence import gathers
from tasks.claims.definitions import claim
from tasks.claims.evidence import Evidence
from tasks.claims.finding import Finding, NotMeasurable
from tasks.claims.registry import Registry
from tests.claims import made_up

CLAIMS = claim.all()
SHARES = {f"class_share_{digit}": 0.1 for digit in range(10)}
DIAGONAL, SWAPPED = [[0.4, 0.1], [0.2, 0.3]], [[0.1, 0.4], [0.2, 0.3]]

HOLDS = {
    "forward-noise": made_up.psnr_series(20, 12, 7),
    "blur-fails": made_up.blur_and_one_step([18, 14], [25, 19]),
    "onestep-degrades": made_up.psnr_series(26, 20, 15),
    "iterative-sharper": made_up.methods(iterative=0.9, one_step=0.5, blur=0.3),
    "steps-help": made_up.step_counts(0.1, 0.3, 0.32),
    "cfg-better": made_up.guided(0.1, spread_without=0.8, spread_with=0.4),
    "sdedit-faithful": made_up.edits({"tower": [0.9, 0.5, 0.5], "gate": [0.8, 0.3, 0.2]}),
    "inpaint-keeps": made_up.of_metrics([{"image": "tower"}], [{"kept_difference": 0.9}]),
    "texti2i-trade": made_up.text_edits([0.4, 0.3, 0.1], [0.9, 0.5, 0.2]),
    "anagram-both": made_up.anagrams(DIAGONAL, DIAGONAL),
    "hybrid-both": made_up.hybrids((0.1, -0.1), (0.2, -0.05)),
    "denoiser-epochs": made_up.denoiser(epoch_1=0.02, epoch_3=0.03, epoch_5=0.01),
    "denoiser-ood": made_up.noise_levels({0.0: 0.03, 0.5: 0.01, 0.6: 0.02, 1.0: 0.05}),
    "purenoise-mean": made_up.of_metrics(
        [{"epoch": 5}], [{"cosine_with_mean": 0.99, "variance_ratio": 0.01}]
    ),
    "time-epochs": made_up.checkpoints(
        ({"epoch": 5}, {"frechet_distance": 9.0}), ({"epoch": 20}, {"frechet_distance": 4.0})
    ),
    "uncond-random": made_up.checkpoints(({"epoch": 20}, SHARES)),
    "class-beats-time": made_up.checkpoints(
        ({"epoch": 5, "is_class": True}, {"frechet_distance": 3.0}),
        ({"epoch": 20, "is_class": False}, {"frechet_distance": 4.0}),
    ),
    "class-control": made_up.checkpoints(
        ({"epoch": 20, "guidance_scale": 5.0}, {"label_accuracy": 0.96})
    ),
    "cfg-flow": made_up.checkpoints(
        ({"epoch": 10, "is_class": True}, {"confidence": 0.9}),
        ({"epoch": 10, "is_class": False}, {"confidence": 0.7}),
    ),
    "nosched-equal": made_up.two_rates(constant=0.5, scheduled=0.5),
    "bigtime-better": made_up.checkpoints(
        ({"epoch": 10, "hidden_width": 64}, {"frechet_distance": 3.0}),
        ({"epoch": 50, "hidden_width": 128}, {"frechet_distance": 2.0}),
    ),
    "fashion-loss": made_up.training(0.05),
    "classifier-guidance-limits": made_up.two_guidances([0.1, 0.8, 0.7], [0.1, 0.6, 0.8]),
    "drift-prior": made_up.starts(200),
}

FAILS = {
    "forward-noise": made_up.psnr_series(20, 20),
    "blur-fails": made_up.blur_and_one_step([18, 19], [25, 19]),
    "onestep-degrades": made_up.psnr_series(26, 20, 21),
    "iterative-sharper": made_up.methods(iterative=2.0, one_step=0.9, blur=0.3),
    "steps-help": made_up.step_counts(0.1, 0.12, 0.3),
    "cfg-better": made_up.guided(0.1, spread_without=0.4, spread_with=0.8),
    "sdedit-faithful": made_up.edits({"tower": [0.9, 0.5, 0.5], "gate": [0.8, 0.2, 0.3]}),
    "inpaint-keeps": made_up.of_metrics(
        [{"image": "tower"}, {"image": "gate"}], [{"kept_difference": 0}, {"kept_difference": 2}]
    ),
    "texti2i-trade": made_up.text_edits([0.1, 0.3, 0.4], [0.9, 0.5, 0.2]),
    "anagram-both": made_up.anagrams(DIAGONAL, SWAPPED),
    "hybrid-both": made_up.hybrids((0.1, -0.1), (0.2, 0.1)),
    "denoiser-epochs": made_up.denoiser(epoch_1=0.02, epoch_5=0.02),
    "denoiser-ood": made_up.noise_levels({0.0: 0.03, 0.5: 0.02, 0.6: 0.01, 1.0: 0.05}),
    "purenoise-mean": made_up.of_metrics(
        [{"epoch": 5}], [{"cosine_with_mean": 0.99, "variance_ratio": 0.06}]
    ),
    "time-epochs": made_up.checkpoints(
        ({"epoch": 5}, {"frechet_distance": 4.0}), ({"epoch": 20}, {"frechet_distance": 4.0})
    ),
    "uncond-random": made_up.checkpoints(({"epoch": 20}, {**SHARES, "class_share_8": 0.0})),
    "class-beats-time": made_up.checkpoints(
        ({"epoch": 5, "is_class": True}, {"frechet_distance": 5.0}),
        ({"epoch": 20, "is_class": True}, {"frechet_distance": 1.0}),
        ({"epoch": 20, "is_class": False}, {"frechet_distance": 4.0}),
    ),
    "class-control": made_up.checkpoints(
        ({"epoch": 20, "guidance_scale": 5.0}, {"label_accuracy": 0.99}),
        ({"epoch": 20, "guidance_scale": 5.0}, {"label_accuracy": 0.95}),
    ),
    "cfg-flow": made_up.checkpoints(
        ({"epoch": 10, "is_class": True}, {"confidence": 0.7}),
        ({"epoch": 10, "is_class": False}, {"confidence": 0.7}),
    ),
    "nosched-equal": made_up.two_rates(constant=1.5, scheduled=0.1),
    "bigtime-better": made_up.checkpoints(
        ({"epoch": 10, "hidden_width": 64}, {"frechet_distance": 2.0}),
        ({"epoch": 50, "hidden_width": 128}, {"frechet_distance": 3.0}),
    ),
    "fashion-loss": made_up.training(0.051),
    "classifier-guidance-limits": made_up.two_guidances([0.1, 0.9, 0.7], [0.1, 0.6, 0.8]),
    "drift-prior": made_up.starts(1000),
}

NOT_MEASURABLE = {
    "forward-noise": made_up.psnr_series(20),
    "blur-fails": Evidence(
        [{"blurred": "b", "one_step": "o", "timesteps": [250]}], {"b": {}, "o": {}}
    ),
    "onestep-degrades": made_up.psnr_series(20),
    "iterative-sharper": made_up.methods(0.9, 0.5, 0.3, original=0.0),
    "steps-help": made_up.step_counts(0.1, 0.3, 0.32, seeds=1),
    "cfg-better": made_up.guided(0.1, 0.8, 0.4, samples=1),
    "sdedit-faithful": made_up.edits({"tower": [0.9]}),
    "inpaint-keeps": made_up.of_metrics([{"image": "tower"}], [{}]),
    "denoiser-epochs": made_up.denoiser(epoch_1=0.02, epoch_4=0.01),
    "denoiser-ood": made_up.noise_levels({0.0: 0.03, 0.5: 0.02}),
    "purenoise-mean": made_up.of_metrics([{"epoch": 5}], [{"cosine_with_mean": 0.99}]),
    "time-epochs": made_up.of_metrics([{"model": "m", "epoch": 5}], [{}]),
    "uncond-random": made_up.of_metrics([{"model": "m", "epoch": 5}], [{"samples": 300}]),
    "class-beats-time": made_up.checkpoints(
        ({"epoch": 5, "is_class": True}, {}), ({"epoch": 10, "is_class": False}, {})
    ),
    "class-control": made_up.checkpoints(({"epoch": 20, "guidance_scale": 5.0}, {})),
    "nosched-equal": Evidence([]),
    "fashion-loss": made_up.training(0.04, kind="l2"),
}


@pytest.mark.parametrize("claim_id", HOLDS)
def test_a_claim_holds_on_evidence_for_it(claim_id: str) -> None:
    finding = CLAIMS[claim_id](HOLDS[claim_id])
    assert finding.holds, finding.because


@pytest.mark.parametrize("claim_id", FAILS)
def test_a_claim_fails_on_evidence_against_it(claim_id: str) -> None:
    finding = CLAIMS[claim_id](FAILS[claim_id])
    assert not finding.holds, finding.because


@pytest.mark.parametrize("claim_id", NOT_MEASURABLE)
def test_a_claim_is_left_open_without_the_evidence(claim_id: str) -> None:
    with pytest.raises(NotMeasurable):
        CLAIMS[claim_id](NOT_MEASURABLE[claim_id])


@pytest.mark.parametrize("claim_id", HOLDS)
def test_findings_tell_their_numbers(claim_id: str) -> None:
    finding = CLAIMS[claim_id](HOLDS[claim_id])
    assert finding.because and finding.measured and finding.seeds >= 1
    assert all(np.isfinite(value) for value in finding.numbers.values())
    columns = [tuple(row) for row in finding.measured]
    assert len(set(columns)) == 1


def test_every_claim_is_gathered_and_defined() -> None:
    assert CLAIMS.keys() == gathers.all().keys()
    assert HOLDS.keys() == FAILS.keys() == CLAIMS.keys() - {"views-orthogonal"}


def test_a_claim_has_one_definition() -> None:
    registry: Registry = Registry("tasks.claims")

    def made_up_claim() -> None: ...

    registry(made_up_claim)
    with pytest.raises(ValueError, match="made-up-claim has two functions"):
        registry(made_up_claim)


def test_an_increase_within_its_interval_is_no_help_of_steps() -> None:
    noisy = made_up.step_counts(0.10, 0.13, 0.14, spread=0.05)
    finding = CLAIMS["steps-help"](noisy)
    (interval,) = finding.intervals
    assert interval.low < 0 < interval.high and not finding.holds


def test_a_loss_below_the_range_of_the_claim_fails_it_too() -> None:
    assert not CLAIMS["fashion-loss"](made_up.training(0.029)).holds


def views(levels: np.ndarray) -> Finding:
    entry = {"node": "n", "view": {"name": "skew", "max_displacement": 20}}
    return CLAIMS["views-orthogonal"](Evidence([entry], picture=lambda role: levels))


def test_views_are_orthogonal_on_any_picture() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    finding = views(levels)
    assert finding.holds and finding.numbers["largest difference"] == 0
    assert {row["view"] for row in finding.measured} == {
        "skew", "flip", "rotate_90_cw", "rotate_180", "negate",
    }  # fmt: skip


def test_a_view_that_loses_pixels_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Halved:
        apply = staticmethod(lambda x: x / 2)
        invert = staticmethod(lambda x: x)

    monkeypatch.setattr("tasks.diffusion.views.view_from_params", lambda params, size: Halved)
    finding = views(np.full((8, 8, 3), 200, np.uint8))
    assert not finding.holds and finding.numbers["largest change of the norm"] > 0


def test_signal_left_by_a_schedule_is_that_of_its_alpha_bar() -> None:
    # abar_300 of linspace(1e-4, 0.02, 300)
    finding = CLAIMS["drift-prior"](made_up.starts(300))
    ratio = finding.numbers["signal-to-noise ratio at T, ddpm"]
    assert ratio == pytest.approx(0.048058 / (1 - 0.048058), rel=1e-3)


def test_concealment_is_one_half_where_views_tell_nothing_apart() -> None:
    same = CLAIMS["anagram-both"](made_up.anagrams([[0.2, 0.2], [0.2, 0.2]]))
    assert same.numbers["mean concealment C"] == pytest.approx(0.5)
    assert same.numbers["mean alignment A"] == pytest.approx(0.2)
    apart = CLAIMS["anagram-both"](made_up.anagrams(DIAGONAL))
    # softmax of 10 x: rows differ by 3 and 1, columns by 2 and 2
    logistic = [1 / (1 + np.exp(-x)) for x in (3, 1, 2, 2)]
    assert apart.numbers["mean concealment C"] == pytest.approx(np.mean(logistic))


def test_an_anagram_by_the_plain_mean_is_told_beside_one_by_another_rule_and_decides_nothing() -> (
    None
):
    finding = CLAIMS["anagram-both"](made_up.anagrams(DIAGONAL, SWAPPED, plain=[1]))
    assert finding.holds
    assert finding.numbers["anagrams"] == 1
    assert finding.numbers["by the plain mean that show both"] == 0
    assert "by the plain mean of both estimates 0 of 1" in finding.because
    assert [row.get("rule") for row in finding.measured] == [None, "mean"]
    assert not CLAIMS["anagram-both"](made_up.anagrams(SWAPPED, DIAGONAL, plain=[1])).holds
