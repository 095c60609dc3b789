"""Compares recipes: each trained in the same way, judged on the same pictures, none stored.

A comparison is for choosing; what was chosen is then trained and stored by its own
command. So nothing here writes into models_store, however many runs there are.
"""

import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import keras
from rich.console import Console

from app.imaging import decode, views
from app.model_card import LITERT_FILE
from training.adaptation import adapt
from training.arguments import ALL, Options
from training.data.folds import folds
from training.data.index import Example
from training.data.preparation import Prepared
from training.dataset import read_dataset, summarise
from training.errors import OptionError, TrainingError
from training.evaluation.metrics import confusion
from training.export import write_models
from training.files import write_atomically
from training.networks.lite import LiteModel
from training.recipes import RECIPES, load
from training.report.comparison import Comparison, render, table
from training.results import Result, kept, rows, store
from training.trial import Trial

__all__ = ["compare"]

_TIMED = 50
"""Pictures over which the time of one is the mean."""


@dataclass(frozen=True)
class _Run:
    recipe: str
    seed: int
    fold: int | None
    prepared: Prepared

    def __str__(self) -> str:
        part = "" if self.fold is None else f", part {self.fold}"
        return f"{self.recipe}, seed {self.seed}{part}"


def compare(options: Options, console: Console, prepared: Prepared | None = None) -> Path:
    """Train every recipe that can run, and tell how right, large and fast each is.

    Args:
        options: What was asked for.
        console: Where progress and the table are shown.
        prepared: The pictures. Defaults to reading those that the options name.

    Returns:
        The report's file, under the cache.

    Raises:
        TrainingError: See `training.errors`. With `--recipe all`, a recipe whose
            weights are missing is listed with the reason.
    """
    prepared = prepared or read_dataset(options, console)
    every = options.recipe == ALL
    names = sorted(RECIPES) if every else [options.recipe]
    summarise(prepared, f"Comparing {', '.join(names)}", console)
    runs = list(_runs(names, options, prepared))
    place = options.cache / "comparisons"
    left_out: dict[str, str] = {}
    found: list[Result] = []
    keys: list[str] = []
    for number, run in enumerate(runs, start=1):
        if run.recipe in left_out:
            continue
        console.rule(f"run {number} of {len(runs)}: {run}", align="left")
        try:
            key, result = _result(run, options, place / "results", console)
        except TrainingError as error:
            if not every:
                raise
            left_out[run.recipe] = str(error)
            console.print(f"Left out: {error}", highlight=False)
            continue
        keys.append(key)
        found.append(result)
        console.print(f"accuracy on {result.split}: {result.accuracy:.3f}", highlight=False)
    if not found:
        raise OptionError(f"Expected a recipe that can run here; received {left_out}.")
    comparison = Comparison(rows(found), found, left_out, options.command(), prepared)
    name = hashlib.sha256("".join(keys).encode()).hexdigest()[:20]
    path = place / f"{name}.html"
    write_atomically(path, render(comparison).encode())
    console.print(f"\nJudged on {comparison.judged}:\n", highlight=False)
    console.print(table(comparison))
    for recipe, reason in left_out.items():
        console.print(f"[yellow]Left out:[/] {recipe}: {reason}", highlight=False)
    console.print(f"[bold green]Written:[/] {path}", highlight=False)
    return path


def _runs(names: list[str], options: Options, prepared: Prepared) -> Iterator[_Run]:
    for repeat in range(options.repeats):
        seed = options.seed + repeat
        if options.folds is None:
            divided: list[tuple[int | None, Prepared]] = [(None, prepared)]
        else:
            divided = list(enumerate(folds(prepared, options.folds, seed), start=1))
        for name in names:
            yield from (_Run(name, seed, fold, part) for fold, part in divided)


def _result(run: _Run, options: Options, place: Path, console: Console) -> tuple[str, Result]:
    """The run's outcome, made now or before, and the name that it is kept by."""
    own = replace(options, recipe=run.recipe, seed=run.seed)
    recipe = adapt(load(run.recipe), own, len(run.prepared.train.examples))
    trial = Trial(recipe, run.prepared, own, console)
    key = hashlib.sha256(f"{trial.digest} {trial.refits}".encode()).hexdigest()[:32]
    known = kept(place, key)
    if known is not None:
        # The same pictures may be another comparison's part of another number.
        return key, replace(known, fold=run.fold)
    # Networks of earlier runs would fill the memory.
    keras.utils.clear_session()
    learnt = trial.learn()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_models(folder, learnt.model, trial.compared())
        content = (folder / LITERT_FILE).read_bytes()
    lite = LiteModel(content)
    answers = trial.answers(lite, learnt)
    split = "test" if "test" in answers else "validation"
    judged = answers[split]
    classes = len(run.prepared.classes)
    result = Result(
        recipe=run.recipe,
        seed=run.seed,
        fold=run.fold,
        split=split,
        confusion=confusion(judged.truth, judged.probabilities.argmax(axis=1), classes).tolist(),
        parameters=learnt.model.count_params(),
        size=len(content),
        seconds=round(learnt.seconds, 1),
        milliseconds=round(_milliseconds(trial, lite, split), 2),
    )
    store(place, key, result)
    trial.forget()
    return key, result


def _milliseconds(trial: Trial, lite: LiteModel, split: str) -> float:
    """Of decoding, resizing and answering one picture, alone."""
    prepared, spec = trial.prepared, trial.recipe.input.spec
    part = prepared.test if split == "test" else prepared.validation
    chosen = part.examples[:_TIMED]

    def ask(example: Example) -> None:
        picture = decode(example.path.read_bytes(), reduce_to=(spec.width, spec.height))
        for view in views(picture, spec):
            lite(view)

    # The first answer of a thread is late: it makes the thread's interpreter.
    ask(chosen[0])
    started = time.perf_counter()
    for each in chosen:
        ask(each)
    return (time.perf_counter() - started) / len(chosen) * 1000
