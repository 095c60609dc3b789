"""Plots as SVG text, in colours that can be read on white and on black."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.calibration import Bin
from training.state import Epoch

__all__ = ["curves", "reliability_diagram"]

_GREY = "#808080"
_BLUE = "#3b82c4"
_ORANGE = "#d9822b"


def curves(history: Sequence[Epoch]) -> str:
    """Loss and accuracy by pass, in training and on the validation pictures."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    passes = range(1, len(history) + 1)
    for axes, title, trained, held in (
        (left, "loss", [e.loss for e in history], [e.validation_loss for e in history]),
        (
            right,
            "accuracy",
            [e.accuracy for e in history],
            [e.validation_accuracy for e in history],
        ),
    ):
        axes.plot(passes, trained, marker=".", color=_BLUE, label="training views")
        known = [value for value in held if value is not None]
        if len(known) == len(history):
            axes.plot(passes, known, marker=".", color=_ORANGE, label="validation")
        axes.set_title(title)
        axes.set_xlabel("pass")
        axes.legend(frameon=False, labelcolor=_GREY)
        _quieten(axes)
    right.set_ylim(0, 1)
    return _svg(figure, "Loss and accuracy by pass")


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """Accuracy against confidence; the diagonal is honest."""
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    width = 1 / len(bins)
    for place, each in enumerate(bins):
        if each.count:
            axes.bar((place + 0.5) * width, each.accuracy, width * 0.9, color=_BLUE)
            axes.text(
                (place + 0.5) * width, 0.01, str(each.count), ha="center", size=7, color="white"
            )
    axes.plot((0, 1), (0, 1), color=_ORANGE, linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    _quieten(axes)
    return _svg(figure, "Reliability diagram")


def _quieten(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.tick_params(colors=_GREY)
    for label in (axes.title, axes.xaxis.label, axes.yaxis.label):
        label.set_color(_GREY)
    for side, spine in axes.spines.items():
        spine.set_color(_GREY)
        spine.set_visible(side in ("left", "bottom"))


def _svg(figure: Figure, title: str) -> str:
    stored = io.StringIO()
    # No date and a fixed salt: the same figures give the same bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(stored, format="svg", transparent=True, metadata={"Date": None})
    text = stored.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
