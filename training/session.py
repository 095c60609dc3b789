"""One training from the options to a stored version; read this to see the whole way."""

import hashlib
import importlib.metadata
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.console import Console

from app.model_card import (
    LITERT_FILE,
    Calibration,
    Metrics,
    ModelCard,
    Thresholds,
    golden_pictures,
)
from app.model_card import Recipe as RecipeFacts
from training.arguments import Options
from training.cores import usable_cores
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.pictures import Pictures, serving_view
from training.data.preparation import Prepared, prepare
from training.evaluation.calibration import confident_threshold, fit_temperature, with_temperature
from training.evaluation.metrics import measure
from training.export import draft, golden, write_models, write_report
from training.features import FeatureCache, Features, Stem
from training.files import digest_file
from training.fitting import fit
from training.networks.lite import LiteModel
from training.networks.network import Network
from training.prediction import Answers, predict
from training.progress import TrainingProgress, bar
from training.recipes import load
from training.recipes.recipe import Recipe
from training.report.page import Report, render
from training.state import RunState

__all__ = ["train", "wake"]

_COMPARED = 24
"""Real pictures on which model.tflite is compared with model.keras."""


def train(options: Options, console: Console) -> Path:
    """Train, evaluate and write a version.

    Args:
        options: What was asked for.
        console: Where progress is shown.

    Returns:
        models_store/<name>/<version>.

    Raises:
        TrainingError: See `training.errors`.
    """
    started = time.monotonic()
    recipe = adapt(load(options.recipe), options)
    weights = recipe.weights_file(options.weights)
    threads = options.threads or usable_cores()
    prepared = _prepare(options, threads, console)
    _summarise(prepared, recipe, console)

    keras.utils.set_random_seed(options.seed)
    classes = len(prepared.classes)
    network = recipe.network(classes, weights=options.weights, seed=options.seed)
    run = RunState(options.cache / "runs" / _run_digest(options, recipe, prepared, weights))
    features = _features(options, recipe, prepared, network, threads)
    pictures = len(prepared.train.examples)
    views = min(pictures, recipe.sampling.most or pictures)
    with bar(console) as progress:
        watcher = TrainingProgress(progress, recipe.epochs, views)
        history = fit(network, recipe, features, prepared.class_names, state=run, watcher=watcher)

    with draft(options.models_store, options.name or recipe.name) as writing:
        model = network.serving()
        parity = write_models(writing.folder, model, _compared(prepared, recipe))
        lite = LiteModel(writing.folder / LITERT_FILE)
        outcome = _evaluate(lite, prepared, recipe, threads)
        facts = RecipeFacts(
            name=recipe.name,
            command=options.command(),
            seed=options.seed,
            hyperparameters=_hyperparameters(recipe),
            seconds=round(time.monotonic() - started, 1),
        )
        card = ModelCard(
            format_version=1,
            name=options.name or recipe.name,
            version="1",
            description=recipe.description,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            classes=prepared.classes,
            input=recipe.input,
            calibration=outcome.calibration,
            thresholds=outcome.thresholds,
            metrics=outcome.metrics,
            data=prepared.facts,
            recipe=facts,
            libraries=_libraries(),
            limitations=_limitations(prepared),
            parity=parity,
            golden=golden(model, recipe.input),
            parameters=model.count_params(),
            files={},
        )
        write_report(
            writing.folder,
            render(Report(card, history, outcome.answers, prepared), options.report_pictures),
        )
        published = writing.publish(card)
    run.forget()
    _conclude(published, card, console)
    return published


def wake() -> None:
    """Make TensorFlow look for its devices, which it does with much noise at its first tensor."""
    tf.config.list_logical_devices()


def adapt(recipe: Recipe, options: Options) -> Recipe:
    """Change a recipe's hyper-parameters as the options say."""
    changes: dict[str, object] = {}
    if options.epochs is not None:
        changes["epochs"] = options.epochs
    if options.batch is not None:
        changes["batch"] = options.batch
    if options.pictures_per_pass is not None:
        changes["sampling"] = replace(recipe.sampling, most=options.pictures_per_pass)
    if options.size is not None:
        size = {"height": options.size, "width": options.size}
        changes["input"] = recipe.input.model_copy(update=size)
    return replace(recipe, **changes)  # type: ignore[arg-type]


def _prepare(options: Options, threads: int, console: Console) -> Prepared:
    index = read_index(options.data, split_column=options.split_column)
    with bar(console) as progress:
        task = progress.add_task("reading pictures", total=len(index.examples))
        inspection = inspect(
            index.examples,
            options.cache / "pictures.json",
            threads=threads,
            advance=lambda: progress.advance(task),
        )
    return prepare(index, inspection, share=options.validation_share, seed=options.seed)


def _summarise(prepared: Prepared, recipe: Recipe, console: Console) -> None:
    counts = prepared.facts.counts
    sizes = ", ".join(f"{sum(each.values())} {split}" for split, each in counts.items())
    console.print(
        f"[bold]{recipe.name}[/] on {sizes} pictures of {len(prepared.classes)} classes "
        f"({', '.join(prepared.class_names)}); validation: {prepared.held_out}.",
        highlight=False,
    )
    dropped = {name: count for name, count in prepared.facts.dropped.items() if count}
    if dropped:
        listed = ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in dropped.items())
        console.print(f"Left out: {listed}.", highlight=False)
    for file, reason in prepared.unreadable:
        console.print(f"  skipped {file}: {reason}", highlight=False, markup=False)
    for warning in prepared.warnings:
        console.print(f"[yellow]Note:[/] {warning}", highlight=False)


def _run_digest(options: Options, recipe: Recipe, prepared: Prepared, weights: Path | None) -> str:
    """Names a run by all that its outcome depends on."""
    parts = (
        recipe,
        options.seed,
        prepared.facts.digest,
        prepared.class_names,
        weights and digest_file(weights),
        sorted(_libraries().items()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _features(
    options: Options, recipe: Recipe, prepared: Prepared, network: Network, threads: int
) -> tuple[Features, Features]:
    budget = int(options.cache_gigabytes * (1 << 30))
    stem = None if network.stem is None else Stem(network.stem)
    cache = FeatureCache(options.cache / "features" if budget else None, budget)
    training, validation = (
        Features(
            part.examples,
            part.digests,
            Pictures(recipe.longest),
            recipe.input.spec,
            recipe.augmentation,
            stem,
            cache,
            options.seed,
            threads,
        )
        for part in (prepared.train, prepared.validation)
    )
    return training, validation


def _compared(prepared: Prepared, recipe: Recipe) -> NDArray[np.uint8]:
    """Golden pictures, and some real ones that were not trained on where there are any."""
    part = next(each for each in (prepared.test, prepared.validation, prepared.train) if each.facts)
    step = max(1, len(part.examples) // _COMPARED)
    chosen = part.examples[::step][:_COMPARED]
    real = [serving_view(each, recipe.input.spec) for each in chosen]
    return np.concatenate([golden_pictures(recipe.input.spec), np.stack(real)])


@dataclass(frozen=True)
class _Outcome:
    calibration: Calibration
    thresholds: Thresholds
    metrics: dict[str, Metrics]
    answers: dict[str, Answers]


def _evaluate(lite: LiteModel, prepared: Prepared, recipe: Recipe, threads: int) -> _Outcome:
    """Calibrate on the validation pictures, then measure on them and on the test pictures."""
    parts = {"validation": prepared.validation, "test": prepared.test}
    raw = {
        split: predict(lite, part.examples, recipe.input.spec, prepared.class_names, threads)
        for split, part in parts.items()
        if part.examples
    }
    held = raw.get("validation")
    temperature, method, confident = 1.0, "none: there were no validation pictures", 0.5
    if held is not None:
        temperature = fit_temperature(held.truth, held.probabilities)
        method = (
            f"temperature fitted on {len(held.truth)} validation pictures, every class weighing "
            f"the same; {prepared.held_out}"
        )
    scaled = {
        split: replace(each, probabilities=with_temperature(each.probabilities, temperature))
        for split, each in raw.items()
    }
    if held is not None:
        confident = confident_threshold(held.truth, scaled["validation"].probabilities)
    metrics = {
        split: measure(
            split,
            each.truth,
            each.probabilities,
            prepared.class_names,
            [example.source for example in each.examples],
        )
        for split, each in scaled.items()
    }
    return _Outcome(
        Calibration(temperature=round(temperature, 4), method=method),
        Thresholds(confident=confident),
        metrics,
        scaled,
    )


def _limitations(prepared: Prepared) -> tuple[str, ...]:
    names = {each.name for each in prepared.classes}
    found = [
        "Answers one of its classes for any picture, a painting or not.",
        "Not for attribution, dating to a year, or any decision about a work's worth.",
    ]
    if names == {"medieval", "renaissance", "post-renaissance", "modern"}:
        found.append("European painting only; the period's edges are years, styles are not.")
    return (*found, *prepared.warnings)


def _hyperparameters(recipe: Recipe) -> dict[str, object]:
    """Every field of the recipe that the card does not hold elsewhere."""
    elsewhere = ("name", "description", "input")
    return {key: value for key, value in asdict(recipe).items() if key not in elsewhere}


def _libraries() -> dict[str, str]:
    names = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow", "scikit-learn")
    return {name: importlib.metadata.version(name) for name in names}


def _conclude(published: Path, card: ModelCard, console: Console) -> None:
    for split, metrics in card.metrics.items():
        a, b = metrics.accuracy, metrics.balanced_accuracy
        console.print(
            f"{split}: accuracy {a.value:.3f} ({a.low:.3f} to {a.high:.3f}), "
            f"balanced {b.value:.3f} ({b.low:.3f} to {b.high:.3f}), "
            f"calibration error {metrics.expected_calibration_error or 0:.3f}, "
            f"{metrics.pictures} pictures",
            highlight=False,
        )
    console.print(f"[bold green]Written:[/] {published}", highlight=False)
