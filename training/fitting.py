"""The training loop: one for all recipes."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data.sampling import draws
from training.data.subperiods import Subperiods
from training.features import Features
from training.networks.network import LEAST, Network, Targets
from training.placement import Placement
from training.recipes.recipe import Optimizer, Recipe
from training.state import Epoch, RunState, State

__all__ = ["Watcher", "fit"]


class Watcher(Protocol):
    """Is told how the training goes."""

    def resumed(self, done: int) -> None:
        """A run that was cut short goes on after so many passes."""
        ...

    def step(self, epoch: int, views: int, total: int, loss: float) -> None:
        """So many views of the pass's total have been shown."""
        ...

    def epoch(self, number: int, result: Epoch) -> None:
        """A pass is complete and its state is on the disk."""
        ...


def fit(
    network: Network,
    recipe: Recipe,
    features: tuple[Features, Features],
    class_names: Sequence[str],
    *,
    state: RunState,
    watcher: Watcher,
    placement: Placement | None = None,
) -> list[Epoch]:
    """Train a network's trunk, from the last state on if there is one.

    The same arguments give the same weights on the same CPU, whether or not the run
    was cut short.

    Args:
        network: Its trunk is changed in place.
        recipe: How.
        features: Of the training pictures, augmented; and of the validation
            pictures, whose wholes are judged after each pass.
        class_names: In the order of the outputs.
        state: Where the run's state is kept.
        watcher: Is told how it goes.
        placement: Where and in which precision it is trained. Defaults to one device
            and float32.

    Returns:
        What each pass came to.
    """
    placement = placement or Placement()
    training, validation = features
    number = {name: place for place, name in enumerate(class_names)}
    truth = np.array([number[each.class_name] for each in training.examples])
    if network.subperiods is None:
        met = np.eye(len(class_names), dtype=np.float32)[truth]
    else:
        met = network.subperiods.met(training.examples, class_names)
    passes = [
        draws(training.examples, recipe.sampling, training.seed, epoch)
        for epoch in range(recipe.epochs)
    ]
    steps = sum(-(-len(each) // recipe.batch) for each in passes)
    kept = state.read()
    if kept is None and network.adapt is not None:
        network.adapt(
            (batch, Targets(truth[places], met[places]))
            for shown in passes[: network.looks]
            for batch, places in training.batches(shown, recipe.batch)
        )
    trunk = placement.twin(network.trunk)
    optimizer = placement.optimizer(lambda: _optimizer(recipe.optimizer, steps), trunk)
    history: list[Epoch] = []
    if kept is not None:
        pairs = [(trunk.variables, kept.weights), (optimizer.variables, kept.optimizer)]
        for variables, values in pairs:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        history = list(kept.history)
        watcher.resumed(len(history))

    judge = _judge(trunk, validation, number, network.subperiods)
    smoothing = recipe.label_smoothing
    train = _train_step(trunk, optimizer, placement, smoothing, network.subperiods)
    for epoch in range(len(history), recipe.epochs):
        started = time.monotonic()
        lost = hits = shown = 0.0
        for batch, positions in training.batches(passes[epoch], recipe.batch):
            loss, right = train(batch, Targets(truth[positions], met[positions]))
            lost += float(loss) * len(positions)
            hits += float(right)
            shown += len(positions)
            watcher.step(epoch, int(shown), len(passes[epoch]), lost / shown)
        validation_loss, validation_accuracy = judge()
        seconds = time.monotonic() - started
        history.append(
            Epoch(lost / shown, hits / shown, validation_loss, validation_accuracy, seconds)
        )
        # Not `get_weights()`, which leaves out how far dropout's random numbers have come.
        weights = [np.asarray(each) for each in trunk.variables]
        variables = [np.asarray(each) for each in optimizer.variables]
        state.write(State(weights, variables, history))
        watcher.epoch(epoch, history[-1])
    if trunk is not network.trunk:
        network.trunk.set_weights(trunk.get_weights())
    return history


def _optimizer(wanted: Optimizer, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = wanted.rate
    if wanted.schedule == "cosine":
        warmup = round(steps * wanted.warmup)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else wanted.rate,
            max(1, steps - warmup),
            warmup_target=wanted.rate if warmup else None,
            warmup_steps=warmup,
        )
    if wanted.kind == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=wanted.weight_decay)
    return keras.optimizers.Adam(rate)


def _train_step(
    trunk: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    placement: Placement,
    smoothing: float,
    subperiods: Subperiods | None,
) -> Callable[[NDArray[Any], Targets], tuple[Any, Any]]:
    def step(features: Any, truth: Any, met: Any) -> tuple[Any, Any]:
        whole = tf.cast(tf.shape(truth)[0], tf.float32)

        def piece(features: Any, truth: Any, met: Any, counts: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                logits, *others = tf.nest.flatten(trunk(features, training=True))
                classes = logits.shape[-1]
                wanted = tf.one_hot(truth, classes) * (1 - smoothing) + smoothing / classes
                losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
                if subperiods is not None:
                    (parts,) = others
                    # What a picture may be of is probable together; which of it is not known.
                    likely = tf.reduce_logsumexp(
                        tf.nn.log_softmax(parts) + tf.math.log(met), axis=-1
                    )
                    spread = tf.reduce_mean(_by_period(parts, subperiods), axis=-1)
                    losses -= (1 - smoothing) * likely + smoothing * spread
                loss = tf.reduce_sum(losses) * counts / whole
                scaled = optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, trunk.trainable_variables)
            placement.apply(optimizer, gradients, trunk.trainable_variables)
            right = tf.equal(tf.argmax(logits, axis=-1), truth)
            return loss, tf.reduce_sum(tf.cast(right, tf.float32)) * counts

        loss, right = placement.run(piece, features, truth, met)
        return loss, right

    # One trace for every size of batch: the last of a pass is smaller.
    fed = tf.TensorSpec((None, *trunk.input_shape[1:]), tf.float32)
    asked = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, None), tf.float32)
    compiled = tf.function(step, input_signature=(fed, *asked))

    def run(features: NDArray[Any], targets: Targets) -> tuple[Any, Any]:
        loss, right = compiled(features.astype(np.float32), targets.truth, targets.met)
        return loss, right

    return run


def _judge(
    trunk: keras.Model,
    validation: Features,
    number: dict[str, int],
    subperiods: Subperiods | None,
) -> Callable[[], tuple[float | None, float | None]]:
    """Make a function that gives the loss and the accuracy on the validation pictures."""
    if not validation.examples:
        return lambda: (None, None)
    truth = np.array([number[each.class_name] for each in validation.examples])
    wholes = [validation.whole(n) for n in range(len(truth))]

    def answer(features: Any) -> Any:
        logits, *others = tf.nest.flatten(trunk(features, training=False))
        answers = tf.nn.log_softmax(logits)
        if subperiods is not None:
            (parts,) = others
            answers = tf.nn.log_softmax((answers + _by_period(parts, subperiods)) / 2)
        return answers

    fed = tf.TensorSpec((None, *trunk.input_shape[1:]), tf.float32)
    compiled = tf.function(answer, input_signature=(fed,))

    def judge() -> tuple[float, float]:
        logs = []
        for start in range(0, len(wholes), _JUDGED_AT_ONCE):
            batch = np.stack(wholes[start : start + _JUDGED_AT_ONCE]).astype(np.float32)
            logs.append(np.asarray(compiled(batch)))
        answers = np.concatenate(logs)
        loss = -float(answers[np.arange(len(truth)), truth].mean())
        return loss, float((answers.argmax(axis=1) == truth).mean())

    return judge


def _by_period(parts: Any, subperiods: Subperiods) -> Any:
    """Logarithms of the periods' probabilities [N, C], of sub-periods' logits [N, S]."""
    return tf.math.log(tf.nn.softmax(parts) @ subperiods.owners + LEAST)


_JUDGED_AT_ONCE = 32
