"""Plots as SVG text, whose ink is the page's: they can be read in any theme and in print."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from app.model_card import Estimate
from training.evaluation.calibration import Bin
from training.state import Epoch

__all__ = [
    "BLUE",
    "INK",
    "ORANGE",
    "curves",
    "intervals",
    "quieten",
    "reliability_diagram",
    "svg",
]

INK = "#808080"
"""Stands for the page's own colour, which the page puts in its place."""

BLUE, ORANGE = "#3b82c4", "#d9822b"
"""Of what is told of the model, and of what it is held against."""


def curves(history: Sequence[Epoch], again: Sequence[Epoch] = ()) -> str:
    """Loss and accuracy by pass, in training and on the validation pictures.

    Args:
        history: Of the fit that was judged on validation.
        again: Of the second fit, where there was one: it has none to be judged on.
    """
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    passes = range(1, len(history) + 1)
    for axes, title, trained, held, second in (
        (
            left,
            "loss",
            [e.loss for e in history],
            [e.validation_loss for e in history],
            [e.loss for e in again],
        ),
        (
            right,
            "accuracy",
            [e.accuracy for e in history],
            [e.validation_accuracy for e in history],
            [e.accuracy for e in again],
        ),
    ):
        axes.plot(passes, trained, marker=".", color=BLUE, label="training views")
        known = [value for value in held if value is not None]
        if len(known) == len(history):
            axes.plot(passes, known, marker=".", color=ORANGE, label="validation")
        if second:
            numbers = range(1, len(second) + 1)
            label = "training views, second fit"
            axes.plot(numbers, second, linestyle=":", color=BLUE, label=label)
        axes.set_title(title)
        axes.set_xlabel("pass")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend(frameon=False, labelcolor=INK)
        quieten(axes)
    right.set_ylim(0, 1)
    return svg(figure, "Loss and accuracy by pass")


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """Accuracy against confidence; the diagonal is honest."""
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    width = 1 / len(bins)
    for place, each in enumerate(bins):
        if each.count:
            axes.bar((place + 0.5) * width, each.accuracy, width * 0.9, color=BLUE)
            # Above the bar and the diagonal, where nothing lies beneath the digits.
            above = max(each.accuracy, (place + 1) * width) + 0.015
            middle = (place + 0.5) * width
            axes.text(middle, above, str(each.count), ha="center", size=7, color=INK)
    axes.plot((0, 1), (0, 1), color=ORANGE, linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    quieten(axes)
    return svg(figure, "Reliability diagram")


def intervals(rows: Sequence[tuple[str, Estimate, Estimate | None]], guess: float) -> str:
    """Accuracies with their intervals, one beneath the other.

    Args:
        rows: Name, accuracy, and what was published of the same model elsewhere.
        guess: Share that guessing gets right.
    """
    figure = Figure(figsize=(8, 0.9 + 0.45 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (_, ours, published) in enumerate(rows):
        marks = [(ours, BLUE, "o", "here", -0.12 if published else 0.0)]
        if published is not None:
            marks.append((published, ORANGE, "s", "the case, on its own pictures", 0.16))
        for estimate, colour, marker, label, offset in marks:
            axes.errorbar(
                estimate.value,
                place + offset,
                xerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]],
                fmt=marker,
                color=colour,
                capsize=3,
                label=label,
            )
    axes.axvline(guess, color=INK, linewidth=1, linestyle=":", label="guessing")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("accuracy")
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(
        once.values(),
        once.keys(),
        loc="outside upper left",
        ncols=3,
        frameon=False,
        labelcolor=INK,
    )
    quieten(axes)
    return svg(figure, "Accuracy by recipe")


def quieten(axes: Axes) -> None:
    """Leave the two axes that are read, in the page's ink."""
    axes.set_facecolor("none")
    axes.tick_params(colors=INK)
    for label in (axes.title, axes.xaxis.label, axes.yaxis.label):
        label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_visible(side in ("left", "bottom"))


def svg(figure: Figure, title: str) -> str:
    """A figure as the text of an `<svg>` element that a screen reader calls by the title."""
    stored = io.StringIO()
    # No date and a fixed salt: the same figures give the same bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(stored, format="svg", transparent=True, metadata={"Date": None})
    text = stored.getvalue().replace(INK, "currentColor")
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
