"""One training from the options to a stored version; read this to see the whole way."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from app.model_card import (
    LITERT_FILE,
    REFERENCES_FILE,
    Dating,
    Int8,
    Metrics,
    ModelCard,
    ReferenceFacts,
)
from app.model_card import Recipe as RecipeFacts
from training.adaptation import adapt
from training.arguments import Options
from training.data.index import Example
from training.data.preparation import Prepared
from training.dataset import read_dataset, summarise
from training.errors import OptionError
from training.evaluation.retrieval import leave_one_out
from training.export import draft, golden, write_models, write_report
from training.figures import Others, measured_dating, with_painting
from training.judgement import Judgement, judge
from training.measurement import ask_others
from training.networks.lite import LiteModel
from training.quantization import write_int8
from training.recipes import load
from training.recipes.recipe import Recipe
from training.references import METHOD, build, eligible
from training.report.page import Report, render
from training.teaching import Taught, teach
from training.trial import Trial, libraries

__all__ = ["train"]


def train(options: Options, console: Console, prepared: Prepared | None = None) -> Path:
    """Train, evaluate and write a version.

    Args:
        options: What was asked for.
        console: Where progress is shown.
        prepared: The pictures. Defaults to reading those that the options name.

    Returns:
        models_store/<name>/<version>.

    Raises:
        TrainingError: See `training.errors`.
    """
    prepared = prepared or read_dataset(options, console)
    adapted = adapt(load(options.recipe), options, len(prepared.train.examples))
    named = eligible(prepared.train.joined(prepared.validation)) if options.references else ()
    trial = Trial(adapted, prepared, options, console)
    recipe = trial.recipe
    if options.references:
        _check_embedding(trial)
    summarise(prepared, recipe.name, console)
    if options.refit and not trial.refits:
        console.print("[yellow]Note:[/] --refit changes nothing: no picture was held out of train.")
    learnt = trial.learn()
    with console.status("teaching the heads"):
        taught = teach(trial, learnt)

    with draft(options.models_store, options.name or recipe.name) as writing:
        parity = write_models(writing.folder, taught.model, trial.compared())
        lite = LiteModel(writing.folder / LITERT_FILE)
        references = None
        if named:
            with console.status(f"taking {len(named):,} references"):
                references = _references(writing.folder, lite, named, trial)
        judged = judge(
            trial.answers(lite, learnt),
            prepared,
            refitted=learnt.again is not None,
            out_of_fold=learnt.out_of_fold,
        )
        int8 = None
        if options.int8:
            with console.status("quantizing"):
                int8 = write_int8(
                    writing.folder,
                    taught.model,
                    trial.calibrating(),
                    recipe.input,
                    judged=learnt.judged_by(judged.answers),
                    ask=lambda lite, answers: judged.calibrate(
                        trial.answer_again(lite, answers), prepared.class_names
                    ),
                )
        others = None
        if trial.others is not None and "painting" in taught.model.output:
            others = ask_others(lite, recipe.input.spec, options.not_paintings)
        card = ModelCard(
            format_version=1,
            name=options.name or recipe.name,
            version="1",
            description=recipe.description,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            classes=prepared.classes,
            input=recipe.input,
            calibration=judged.calibration,
            thresholds=judged.thresholds.model_copy(update={"painting": taught.threshold}),
            dating=_dating(judged, taught),
            metrics=_metrics(judged, taught, others),
            data=prepared.facts,
            recipe=RecipeFacts(
                name=recipe.name,
                command=options.command(),
                seed=options.seed,
                hyperparameters=_hyperparameters(recipe)
                | {
                    "refit": learnt.again is not None,
                    "devices": options.devices,
                    "precision": options.precision,
                },
                seconds=round(learnt.seconds, 1),
            ),
            libraries=libraries(),
            limitations=_limitations(prepared, refuses=taught.threshold is not None),
            parity=parity,
            references=references,
            golden=golden(taught.model, recipe.input),
            int8=int8,
            parameters=taught.model.count_params(),
            files={},
        )
        report = Report(card, learnt.history, learnt.again, judged.answers, prepared, others)
        write_report(writing.folder, render(report, options.report_pictures))
        # What the references may weigh is bounded by their number, not by the recipe.
        most = (recipe.most_megabytes << 20) + _size(writing.folder / REFERENCES_FILE)
        published = writing.publish(card, most)
    trial.forget()
    _conclude(published, card, console)
    return published


def _check_embedding(trial: Trial) -> None:
    outputs = trial.network().serving().output
    if "embedding" not in outputs:
        raise OptionError(
            "Expected with --references a recipe whose model gives an embedding; "
            f"{trial.recipe.name} gives {sorted(outputs)}."
        )


def _dating(judged: Judgement, taught: Taught) -> Dating | None:
    """What the card says of the dates, measured on the test pictures where any is dated."""
    test = judged.answers.get("test")
    measured = None if test is None else measured_dating(test, taught.dating, "test")
    return measured or taught.dating


def _metrics(judged: Judgement, taught: Taught, others: Others | None) -> dict[str, Metrics]:
    """By split; only the test pictures are of sources that the head `painting` has not seen."""
    test = judged.answers.get("test")
    if test is None:
        return judged.metrics
    found = with_painting(judged.metrics["test"], test.painting, others, taught.threshold)
    return judged.metrics | {"test": found}


def _references(
    folder: Path, lite: LiteModel, named: tuple[Example, ...], trial: Trial
) -> ReferenceFacts:
    """Write what similar paintings are chosen from; returns what the card says of it."""
    found = build(
        lite,
        named,
        trial.recipe.input.spec,
        thumbnails=trial.options.thumbnails,
        threads=trial.threads,
    )
    found.write(folder)
    return ReferenceFacts(
        works=len(found.facts),
        dimensions=found.vectors.shape[1],
        thumbnails=sum(bool(each) for each in found.thumbnails),
        method=METHOD,
        same_artist=leave_one_out(found),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _limitations(prepared: Prepared, *, refuses: bool) -> tuple[str, ...]:
    names = {each.name for each in prepared.classes}
    found = [
        "Refuses what does not look like a painting, as far as it was shown such pictures."
        if refuses
        else "Answers one of its classes for any picture, a painting or not.",
        "Not for attribution, dating to a year, or any decision about a work's worth.",
    ]
    if names == {"medieval", "renaissance", "post-renaissance", "modern"}:
        found.append("European painting only; the period's edges are years, styles are not.")
    return (*found, *prepared.warnings)


def _hyperparameters(recipe: Recipe) -> dict[str, object]:
    """Every field of the recipe that the card does not hold elsewhere."""
    elsewhere = ("name", "description", "input")
    return {key: value for key, value in asdict(recipe).items() if key not in elsewhere}


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
    if card.int8 is not None:
        console.print(_in_8_bits(card.int8), highlight=False)
    console.print(f"[bold green]Written:[/] {published}", highlight=False)


def _in_8_bits(int8: Int8) -> str:
    """What 8 bits cost, and what follows."""
    if not int8.splits:
        return "8 bits: no picture judges them; model_int8.tflite is not served by default"
    measured = ", ".join(
        f"{split} balanced {each.int8:.3f} after {each.float32:.3f}, "
        f"{each.same_class:.1%} of {each.pictures} answers the same"
        for split, each in int8.splits.items()
    )
    outcome = "served by default" if int8.is_default else "too great a loss, not kept"
    return f"8 bits: {measured}; {outcome}"
