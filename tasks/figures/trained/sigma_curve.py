"""Error of the denoiser over the noise level, by checkpoint."""

from __future__ import annotations

from tasks import StepFailed
from tasks.figures.drawing.chart import Chart, csv_bytes, draw_chart
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import epoch_label, epoch_roles, metric
from tasks.figures.drawing.style import SIGMA, sequence_colours
from tasks.figures.plots import Plot
from tasks.figures.words import after_epochs
from tasks.running.step import Step


def draw_sigma_curve(step: Step) -> Drawing:
    """Test MSE and PSNR over sigma; a dotted line marks the sigma of training.

    params: sigma, that of training or None; sigmas, those to show, all measured if there are none.
    """
    roles = epoch_roles(step)
    sigmas = {epoch: _measured_sigmas(step, role) for epoch, role in roles.items()}
    mse = {epoch: _over(step, role, "mse", sigmas[epoch]) for epoch, role in roles.items()}
    psnr = {epoch: _over(step, role, "psnr", sigmas[epoch]) for epoch, role in roles.items()}
    trained = step.params.get("sigma")

    def draw(chart: Chart) -> None:
        colours = sequence_colours(chart.theme, len(roles))
        left, right = chart.figure.subplots(1, 2)
        for axes, values, name in ((left, mse, "test MSE"), (right, psnr, "test PSNR (dB)")):
            chart.style(axes, f"noise level {SIGMA}", name)
            for (epoch, line), colour in zip(values.items(), colours, strict=True):
                axes.plot(
                    [float(sigma) for sigma in sigmas[epoch]],
                    line,
                    color=colour,
                    linewidth=1.8,
                    marker="o",
                    markersize=4,
                    label=epoch_label(epoch),
                )
            if trained is not None:
                axes.axvline(trained, color=chart.theme.muted, linewidth=1, linestyle=(0, (1, 2)))
                where = ("data", "axes fraction")
                chart.note(
                    axes,
                    "trained here",
                    (trained, 0),
                    (5, 5),
                    chart.theme.muted,
                    xycoords=where,
                    ha="left",
                )
        left.set_ylim(bottom=0)
        chart.add_legend(left, is_above=True)

    rows = [
        (epoch, float(sigma), mse[epoch][i], psnr[epoch][i])
        for epoch in roles
        for i, sigma in enumerate(sigmas[epoch])
    ]
    last = list(roles)[-1]
    alt = (
        f"Test error over noise level {after_epochs(roles)}: MSE "
        f"{min(mse[last]):.3g} to {max(mse[last]):.3g} after epoch {last}."
    )
    return draw_chart(
        draw, alt, height=360, data_csv=csv_bytes(("epoch", "sigma", "mse", "psnr_db"), rows)
    )


def _measured_sigmas(step: Step, role: str) -> list[str]:
    """The sigmas of metrics mse_<sigma>, as written there, in numeric order."""
    row = step.inputs[role]
    sigmas = [name.removeprefix("mse_") for name in row.metrics if name.startswith("mse_")]
    if not sigmas:
        raise StepFailed(f"{step.name}: {row.name} measured no mse_<sigma>")
    wanted = step.params.get("sigmas") or [float(sigma) for sigma in sigmas]
    return [f"{sigma:g}" for sigma in sorted(wanted)]


def _over(step: Step, role: str, name: str, sigmas: list[str]) -> list[float]:
    return [metric(step, role, f"{name}_{sigma}") for sigma in sigmas]


PLOTS = [Plot("sigma_curve", draw_sigma_curve)]
