"""Trains the same tiny models on one part of the CPU and on two, and in each precision.

    python -m tests.training.placing FOLDER

FOLDER has `data`; a store is made in it for every placement. A process of its own,
because the CPU is divided when TensorFlow starts.
"""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from training.placement import Placement, wake
from training.run import main

# 13 training pictures in batches of 6: two devices have 3 and 3, and of the last none and 1.
LOGISTIC = "--recipe logistic --size 16 --epochs 3 --batch 6"
FINE_TUNED = "--recipe efficientnet_lite0 --size 32 --epochs 1 --batch 6"


def train(root: Path, line: str, placed: str, store: str) -> None:
    """Run the command; its version goes into a store of its own."""
    places = {"data": "data", "models-store": store, "cache": "cache"}
    named = [word for option, name in places.items() for word in (f"--{option}", str(root / name))]
    assert main([*line.split(), *placed.split(), *named, "--threads", "1"]) == 0


def spoilt() -> list[list[float]]:
    """What a variable is after each of two steps, the first of them infinite on one device."""
    placement = Placement.of(2, "mixed_float16")
    assert placement.strategy is not None
    with placement.strategy.scope():
        layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        layer.build((None, 1))
    network = keras.Sequential([layer])
    optimizer = placement.optimizer(lambda: keras.optimizers.SGD(0.5), network)

    def step(factors: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        gradient = tf.reshape(factors, (1, 1)) * optimizer.scale_loss(1.0)
        placement.apply(optimizer, [gradient], network.trainable_variables)
        return tf.reduce_sum(factors) * counts

    run = tf.function(lambda factors: placement.run(step, factors))
    found = []
    for factors in ([1.0, float("inf")], [0.25, 0.5]):
        run(tf.constant(factors))
        found.append(layer.kernel.numpy().ravel().tolist())
    return found


if __name__ == "__main__":
    wake(2)
    folder = Path(sys.argv[1])
    for name, given in (
        ("one", ""),
        ("two", "--devices 2"),
        ("both", "--devices 2 --precision mixed_float16"),
    ):
        train(folder, LOGISTIC, given, name)
    train(folder, FINE_TUNED, "", "one")
    train(folder, FINE_TUNED, "--devices 2", "two")
    sys.stdout.write(json.dumps(spoilt()))
