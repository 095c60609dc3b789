"""On which devices a network is trained, and in which precision; by Keras's own means.

One device and float32, the default, train the network's trunk itself. Anything else
trains a twin of it, with variables on every device (`tf.distribute.MirroredStrategy`)
or layers that compute in half (a Keras dtype policy), whose weights the trunk is given
in the end. So no recipe knows of either, and what is served computes in float32.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from training.errors import OptionError

__all__ = ["Placement", "wake"]


@dataclass(frozen=True)
class Placement:
    """Where and how a trunk is trained.

    Attributes:
        strategy: Mirrors variables on several devices; None for one.
        precision: Name of a Keras dtype policy: `float32`, `mixed_float16` or
            `mixed_bfloat16`.
    """

    strategy: tf.distribute.Strategy | None = None
    precision: str = "float32"

    @classmethod
    def of(cls, devices: int, precision: str) -> "Placement":
        """The placement on so many devices, GPUs where there is one.

        Args:
            devices: How many.
            precision: Name of a Keras dtype policy.

        Raises:
            OptionError: There are fewer; of the CPU, `wake` was not told in time.
        """
        if devices == 1:
            return cls(None, precision)
        kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        found = tuple(each.name for each in tf.config.list_logical_devices(kind))
        if len(found) < devices:
            raise OptionError(
                f"Expected --devices of at most {len(found)}, the {kind}s that TensorFlow has "
                f"here; received {devices}."
            )
        return cls(_mirrored(found[:devices]), precision)

    @property
    def replicas(self) -> int:
        """On how many devices a step runs."""
        return 1 if self.strategy is None else int(self.strategy.num_replicas_in_sync)

    def twin(self, trunk: keras.Model) -> keras.Model:
        """The trunk as it is trained: itself, or a copy with weights of its own.

        Weights are float32 in every precision, and so is the last layer. Over several
        devices batch normalisation looks at the whole batch, as it does on one.

        Args:
            trunk: A functional model.
        """
        if self.strategy is None and self.precision == "float32":
            return trunk

        def copy(layer: keras.Operation) -> keras.Operation:
            if not isinstance(layer, keras.Layer):
                # A bare operation has neither weights nor a precision of its own.
                return type(layer).from_config(layer.get_config())
            last = layer.name in trunk.output_names
            changes: dict[str, object] = {"dtype": "float32" if last else self.precision}
            if isinstance(layer, layers.BatchNormalization):
                changes["synchronized"] = self.replicas > 1
            return type(layer).from_config(layer.get_config() | changes)

        with self._scope():
            copied: keras.Model = keras.models.clone_model(
                trunk, clone_function=copy, recursive=True
            )
        copied.set_weights(trunk.get_weights())
        return copied

    def optimizer(
        self, make: Callable[[], keras.Optimizer], trained: keras.Model
    ) -> keras.Optimizer:
        """Make an optimizer of a twin, its variables beside the twin's.

        In float16 small gradients would be nought: it scales the loss.
        """
        with self._scope():
            made = make()
            if self.precision == "mixed_float16":
                made = keras.optimizers.LossScaleOptimizer(made)
            made.build(trained.trainable_variables)
        return made

    def apply(
        self,
        optimizer: keras.Optimizer,
        gradients: Sequence[tf.Tensor],
        variables: Sequence[keras.Variable],
    ) -> None:
        """Within `run`, change the variables by the sum of every device's gradients."""
        if self.strategy is not None and self.precision == "mixed_float16":
            # Each device looks only at its own gradients for one too large for float16, and
            # all must leave out the same steps: what is not finite on one is on none.
            spoilt = tf.add_n([tf.reduce_sum(each * 0) for each in gradients])
            context = tf.distribute.get_replica_context()
            nought = context.all_reduce(tf.distribute.ReduceOp.SUM, spoilt)
            gradients = [each + nought for each in gradients]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def run(self, step: Callable[..., Any], *batch: tf.Tensor) -> Any:
        """Within a `tf.function`, run a step on every device, each with a piece of the batch.

        Args:
            step: Pieces of the batch's arrays, and 1.0 or 0.0 for whether they count ->
                scalars that add up over the pieces. Of fewer rows than devices the rest
                of the devices are given a row that does not count, for convolutions do
                not take none.
            batch: Arrays with the same first axis.

        Returns:
            The step's scalars, summed over the devices.
        """
        strategy, replicas = self.strategy, self.replicas
        if strategy is None:
            return step(*batch, 1.0)

        def on_one(*whole: tf.Tensor) -> Any:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            count = tf.shape(whole[0])[0]
            start, end = count * number // replicas, count * (number + 1) // replicas
            counts = tf.cast(end > start, tf.float32)
            piece = slice(start, tf.maximum(end, start + 1))
            return step(*(each[piece] for each in whole), counts)

        def total(each: Any) -> Any:
            return strategy.reduce(tf.distribute.ReduceOp.SUM, each, axis=None)

        return tf.nest.map_structure(total, strategy.run(on_one, batch))

    def _scope(self) -> AbstractContextManager[Any]:
        return nullcontext() if self.strategy is None else self.strategy.scope()


@cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    # One for the life of the process, as the devices are: a second one of the same devices
    # numbers its exchanges from the start again, and takes the first one's for its own.
    return tf.distribute.MirroredStrategy(devices)


def wake(devices: int = 1) -> None:
    """Make TensorFlow look for its devices, which it does with much noise at its first tensor.

    Args:
        devices: How many are wanted. Where there is no GPU the CPU is divided into as
            many, which only TensorFlow's start can do.
    """
    # It warns a person of what only we could change.
    tf.get_logger().setLevel("ERROR")
    if devices > 1 and not tf.config.list_physical_devices("GPU"):
        parts = [tf.config.LogicalDeviceConfiguration()] * devices
        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(processor, parts)
    tf.config.list_logical_devices()
