"""One function for each plot a panel can ask for: Step -> Drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tasks.figures.drawing import Drawing
from tasks.figures.plots.animation import draw_sampling
from tasks.figures.plots.denoising import (
    draw_denoised,
    draw_noising,
    draw_pure_noise,
    draw_sigma_row,
)
from tasks.figures.plots.denoising_steps import draw_methods, draw_snapshots
from tasks.figures.plots.distance import draw_distance
from tasks.figures.plots.evaluation import draw_class_histogram, draw_guidance_sweep
from tasks.figures.plots.forward_strip import draw_forward_strip
from tasks.figures.plots.guidance import (
    draw_guidance_curve,
    draw_guidance_grid,
    draw_guide_accuracy,
)
from tasks.figures.plots.loss_curve import draw_loss_curve
from tasks.figures.plots.network_summary import draw_network_summary
from tasks.figures.plots.noised_pictures import (
    draw_blur_rows,
    draw_noised_row,
    draw_one_step_rows,
)
from tasks.figures.plots.pictures import draw_picture_grid
from tasks.figures.plots.pocket import (
    draw_pocket_concepts,
    draw_pocket_enlarged,
    draw_pocket_styles,
)
from tasks.figures.plots.reported_loss import draw_reported_loss
from tasks.figures.plots.retrieval import draw_pocket_retrieval
from tasks.figures.plots.samples import draw_comparison, draw_samples
from tasks.figures.plots.schedules import draw_schedules, draw_signal_to_noise
from tasks.figures.plots.sigma_curve import draw_sigma_curve
from tasks.figures.plots.turn import draw_turn
from tasks.figures.plots.ways import draw_evaluation_cost, draw_pixel_ranges, draw_ways

if TYPE_CHECKING:
    from tasks.running.step import Step

PLOTS: dict[str, Callable[[Step], Drawing]] = {
    "loss_curve": draw_loss_curve,
    "noising": draw_noising,
    "denoised": draw_denoised,
    "sigma_row": draw_sigma_row,
    "sigma_curve": draw_sigma_curve,
    "pure_noise": draw_pure_noise,
    "samples": draw_samples,
    "comparison": draw_comparison,
    "animation": draw_sampling,
    "class_histogram": draw_class_histogram,
    "guidance_sweep": draw_guidance_sweep,
    "schedules": draw_schedules,
    "signal_to_noise": draw_signal_to_noise,
    "forward_strip": draw_forward_strip,
    "network_summary": draw_network_summary,
    "reported_loss": draw_reported_loss,
    "pixel_ranges": draw_pixel_ranges,
    "ways": draw_ways,
    "evaluation_cost": draw_evaluation_cost,
    "guide_accuracy": draw_guide_accuracy,
    "guidance_curve": draw_guidance_curve,
    "guidance_grid": draw_guidance_grid,
    "noised_row": draw_noised_row,
    "blur_rows": draw_blur_rows,
    "one_step_rows": draw_one_step_rows,
    "snapshots": draw_snapshots,
    "methods": draw_methods,
    "pictures": draw_picture_grid,
    "turn": draw_turn,
    "pocket_concepts": draw_pocket_concepts,
    "pocket_styles": draw_pocket_styles,
    "pocket_enlarged": draw_pocket_enlarged,
    "pocket_retrieval": draw_pocket_retrieval,
    "distance": draw_distance,
}
