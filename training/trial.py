"""One recipe, taught on one division of the pictures with one seed.

    learn   fits the network, and perhaps once more on the held-out pictures too
    answer  asks the written model about the pictures that judge it

Storing a version (`training.session`) and comparing recipes (`training.comparison`)
both go this way.
"""

import hashlib
import importlib.metadata
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from app.model_card import golden_pictures
from training.arguments import Options
from training.cores import usable_cores
from training.data.folds import source_folds
from training.data.part import Part
from training.data.pictures import Pictures, serving_view
from training.data.preparation import MANY, Prepared, held_share
from training.features import FeatureCache, Features, Stem
from training.files import digest_file
from training.fitting import fit
from training.heads.others import Others
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.networks.network import Network
from training.placement import Placement
from training.prediction import Answers, joined, predict
from training.progress import TrainingProgress, bar
from training.quantization import CALIBRATION_PICTURES
from training.recipes.recipe import Recipe
from training.references import embed
from training.state import Epoch, RunState

__all__ = ["Learnt", "Trial", "libraries"]

_COMPARED = 24
"""Real pictures on which model.tflite is compared with model.keras."""

_EMPTY = Part((), ())


@dataclass(frozen=True)
class Learnt:
    """What came of the fits.

    Attributes:
        model: What is served.
        history: Passes of the fit without the held-out pictures.
        again: Passes of the second fit; None where there was one only.
        validation: What the first fit answers to the validation pictures, where
            there was a second; its own answers would tell nothing.
        out_of_fold: What each fit but the last answers to the sources held out of it,
            where several were held out in turn.
        strangers: Probabilities that those pictures are paintings, by heads that saw as
            little of their sources; None where it was not taught what is none.
        further: Passes of the fits between the first and the last.
    """

    model: keras.Model
    history: list[Epoch]
    again: list[Epoch] | None
    validation: Answers | None
    out_of_fold: Answers | None = None
    strangers: NDArray[np.float64] | None = None
    further: tuple[Epoch, ...] = ()

    def judged_by(self, answers: Mapping[str, Answers]) -> dict[str, Answers]:
        """Of the answers by split, those to pictures that the stored model has not learnt from."""
        taught = {"validation"} if self.again is not None else set()
        return {split: each for split, each in answers.items() if split not in taught}

    @property
    def seconds(self) -> float:
        """Of all passes, those before an interruption too."""
        passes = *self.history, *self.further, *(self.again or ())
        return math.fsum(each.seconds for each in passes)


class Trial:
    """A recipe, the pictures and a seed: everything that an outcome depends on.

    Args:
        recipe: With its hyper-parameters as the options change them.
        prepared: The pictures.
        options: What was asked for; the recipe's name in it is not looked at.
        console: Where progress is shown.

    Raises:
        OptionError: Weights were named for a recipe that starts from none, or more devices
            than there are.
        WeightsError: The weights are not there.
    """

    def __init__(
        self, recipe: Recipe, prepared: Prepared, options: Options, console: Console
    ) -> None:
        self.recipe = recipe.for_classes(prepared.classes)
        self.prepared = prepared
        self.options = options
        self.weights = recipe.weights_file(options.weights)
        self._placement = Placement.of(options.devices, options.precision)
        self.threads = options.threads or usable_cores()
        self._console = console
        self._folder = options.cache / "runs" / self.digest
        self._pictures = Pictures(recipe.longest)
        budget = int(options.cache_gigabytes * (1 << 30))
        self._cache = FeatureCache(options.cache / "features" if budget else None, budget)
        self.others = None
        if options.not_paintings is not None:
            self.others = Others(
                options.not_paintings, recipe.input.spec, seed=options.seed, threads=self.threads
            )

    @property
    def refits(self) -> bool:
        """Whether a second fit learns from the held-out pictures too."""
        prepared = self.prepared
        if not (prepared.held_by_us and prepared.validation.examples):
            return False
        if self.options.refit is not None:
            return self.options.refit
        return len(prepared.train.examples) + len(prepared.validation.examples) >= MANY

    @property
    def digest(self) -> str:
        """Names the run by all that its outcome depends on."""
        options = self.options
        parts = (
            self.recipe,
            options.seed,
            self.prepared.facts.digest,
            self.prepared.class_names,
            self.weights and digest_file(self.weights),
            sorted(libraries().items()),
            *((options.devices, options.precision) if options.placed else ()),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]

    def network(self) -> Network:
        """The recipe's network as it starts, the same each time.

        Raises:
            WeightsError: The weights are of another network.
        """
        keras.utils.set_random_seed(self.options.seed)
        return self.recipe.network(
            len(self.prepared.classes), weights=self.weights, seed=self.options.seed
        )

    def learn(self) -> Learnt:
        """Fit, from where a run that was cut short had come to.

        Raises:
            WeightsError: The weights are of another network.
        """
        train, validation = self.prepared.train, self.prepared.validation
        if not self.refits:
            network, history = self._fit(train, validation, self._state("first"))
            return Learnt(network.serving(), history, None, None)
        folds = self.folds()
        histories, answered, strangers = [], [], []
        for number, fold in enumerate(folds, start=1):
            if number > 1:
                self._console.print(f"Fit {number}, {fold.held_out}.", highlight=False)
            name = "first" if number == 1 else f"fold{number}"
            network, history = self._fit(fold.train, fold.validation, self._state(name))
            lite = LiteModel(convert(network.serving()))
            histories.append(history)
            answered.append(self.answer(lite, fold.validation))
            if self.others is not None:
                head = self.others.teach(lite, self.embed(lite, fold.train))
                strangers.append(head(self.embed(lite, fold.validation)))
        self._console.print(
            f"Once more, on train and the {len(validation.examples)} held-out pictures."
        )
        everything = train.joined(validation)
        network, again = self._fit(everything, _EMPTY, self._state("second"))
        return Learnt(
            network.serving(),
            histories[0],
            again,
            answered[0],
            joined(answered) if len(folds) > 1 else None,
            np.concatenate(strangers) if strangers else None,
            tuple(each for history in histories[1:] for each in history),
        )

    def folds(self) -> list[Prepared]:
        """The data with different whole sources held out, the first as it was prepared."""
        count, prepared = self.options.calibration_folds, self.prepared
        if count == 1 or not prepared.holds_whole_sources:
            return [prepared]
        pictures = len(prepared.train.examples) + len(prepared.validation.examples)
        share = held_share(pictures, self.options.validation_share)
        return source_folds(prepared, count, share=share, seed=self.options.seed)

    def embed(self, lite: LiteModel, part: Part) -> NDArray[np.float32]:
        """A model's embeddings of a part's pictures, as they are served; float32 [N, D]."""
        return embed(lite, part.examples, self.recipe.input.spec, self.threads)

    def answer(self, lite: LiteModel, part: Part) -> Answers:
        """What a model answers to a part's pictures, as it is served."""
        recipe, names = self.recipe, self.prepared.class_names
        return predict(lite, part.examples, recipe.input.spec, names, self.threads)

    def answer_again(self, lite: LiteModel, answers: Answers) -> Answers:
        """What another model answers to the same pictures."""
        recipe, names = self.recipe, self.prepared.class_names
        return predict(lite, answers.examples, recipe.input.spec, names, self.threads)

    def answers(self, lite: LiteModel, learnt: Learnt) -> dict[str, Answers]:
        """What judges the stored model, by split; without splits that have no picture."""
        found = {}
        if self.prepared.validation.examples:
            found["validation"] = learnt.validation or self.answer(lite, self.prepared.validation)
        if self.prepared.test.examples:
            found["test"] = self.answer(lite, self.prepared.test)
        return found

    def calibrating(self) -> NDArray[np.uint8]:
        """Training pictures, as served, to find the ranges of the model's numbers on.

        Returns:
            uint8 [N, height, width, 3], at most `CALIBRATION_PICTURES`.
        """
        return self._views(self.prepared.train, CALIBRATION_PICTURES)

    def compared(self) -> NDArray[np.uint8]:
        """Golden pictures, and some real ones that were not trained on where there are any.

        Returns:
            uint8 [N, height, width, 3], to compare the two written models on.
        """
        prepared = self.prepared
        parts = (prepared.test, prepared.validation, prepared.train)
        part = next(each for each in parts if each.examples)
        golden = golden_pictures(self.recipe.input.spec)
        return np.concatenate([golden, self._views(part, _COMPARED)])

    def _views(self, part: Part, most: int) -> NDArray[np.uint8]:
        """Pictures spread over a part, as served."""
        step = max(1, len(part.examples) // most)
        chosen = part.examples[::step][:most]
        return np.stack([serving_view(each, self.recipe.input.spec) for each in chosen])

    def forget(self) -> None:
        """Remove the state: the run is complete, and the same command starts a new one."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _state(self, name: str) -> RunState:
        return RunState(self._folder / name)

    def _fit(self, train: Part, validation: Part, state: RunState) -> tuple[Network, list[Epoch]]:
        recipe = self.recipe
        network = self.network()
        stem = None if network.stem is None else Stem(network.stem)
        features = self._features(train, stem), self._features(validation, stem)
        count = len(train.examples)
        with bar(self._console) as progress:
            views = min(count, recipe.sampling.most or count)
            watcher = TrainingProgress(progress, recipe.epochs, views)
            names = self.prepared.class_names
            history = fit(
                network,
                recipe,
                features,
                names,
                state=state,
                watcher=watcher,
                placement=self._placement,
            )
        return network, history

    def _features(self, part: Part, stem: Stem | None) -> Features:
        return Features(
            part.examples,
            part.digests,
            self._pictures,
            self.recipe.input.spec,
            self.recipe.augmentation,
            stem,
            self._cache,
            self.options.seed,
            self.threads,
        )


def libraries() -> dict[str, str]:
    """Versions of what an outcome depends on, by distribution."""
    names = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow", "scikit-learn")
    return {name: importlib.metadata.version(name) for name in names}
