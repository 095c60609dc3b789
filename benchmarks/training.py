"""How long training takes.

    python benchmarks/training.py --data DIR [--split-column NAME] [-- OPTIONS]

times the default recipe from nothing to a stored version, and a second time with the
first one's cache; OPTIONS are those of `training.run`.

    python benchmarks/training.py --against-the-case --data DIR [--epochs N]
        [--case-epochs N] [--views K]

times `inception_v3` against the teaching case's own loop: Keras's `fit` over
`ImageDataGenerator`, the frozen base computed for every picture of every epoch. Both
start from the same random weights, are fed 0 to 1 and show each picture once an epoch;
ours shows K views of it in turn, and goes on to a stored version (without 8 bits). With
fewer --case-epochs than --epochs the case's seconds are extrapolated from those, and the
lines say so.

Each run is a process of its own, with a cache and a models_store in a temporary
folder. Prints one line of JSON a run: seconds by the clock, which on a busy machine are
also others', and processor seconds, which are its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Time training from nothing, and again.")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split-column", default="split")
    parser.add_argument("--against-the-case", action="store_true")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--case-epochs", type=int)
    parser.add_argument("--views", type=int, help="default: the recipe's")
    parser.add_argument("--only-the-case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("more", nargs="*", help="options of training.run, after --")
    given = parser.parse_args()
    # This file's folder comes first otherwise, in which `training` is this file.
    sys.path[0] = str(Path(__file__).parents[1])
    if given.only_the_case:
        tell(the_case(Path(given.data), given.split_column, given.only_the_case))
        return
    if not given.against_the_case:
        ours(given.data, given.split_column, given.more)
        return
    from training.recipes import load  # noqa: PLC0415, TID251 - found only from here on

    views = given.views or load("inception_v3").sampling.views
    more = ["--recipe", "inception_v3", "--weights", "random", "--faithful", "--no-int8"]
    more += ["--epochs", str(given.epochs), "--views", str(views), *given.more]
    runs = ours(given.data, given.split_column, more)
    epochs = given.case_epochs or given.epochs
    command = [sys.executable, __file__, "--data", given.data, "--split-column", given.split_column]
    done, seconds = timed([*command, "--only-the-case", str(epochs)])
    case = json.loads(done.splitlines()[-1])
    extrapolated = epochs < given.epochs
    if extrapolated:
        case["extrapolated_from_epochs"] = epochs
    for kind, value in seconds.items():
        # What is not an epoch, such as starting TensorFlow, is counted once.
        seconds[kind] = value + case[f"{kind}_an_epoch"] * (given.epochs - epochs)
    rounded = {kind: round(value, 1) for kind, value in seconds.items()}
    tell(case | rounded | {"epochs": given.epochs})
    for name, run in zip(("first", "second"), runs, strict=True):
        faster = {kind: round(value / run[kind], 1) for kind, value in seconds.items()}
        tell({"run": name, "times_faster": faster, "extrapolated": extrapolated})
    tell({"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]})


def timed(command: list[str]) -> tuple[str, dict[str, float]]:
    """Run a command; what it printed, and its seconds by the clock and of the processor."""

    def processor() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    started, before = time.perf_counter(), processor()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout, {
        "seconds": time.perf_counter() - started,
        "processor_seconds": processor() - before,
    }


def ours(data: str, split_column: str, more: list[str]) -> list[dict[str, float]]:
    """Run `training.run` twice; the seconds of each."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        command = [sys.executable, "-m", "training.run", "--data", data]
        command += ["--split-column", split_column, *more]
        command += ["--cache", str(root / "cache"), "--models-store", str(root / "store")]
        for run in ("first", "second"):
            found.append(timed(command)[1])
            card = json.loads(max(root.glob("store/*/*/card.json")).read_text())
            tell(
                {
                    "run": run,
                    **{kind: round(value, 1) for kind, value in found[-1].items()},
                    "pictures": card["data"]["counts"]["train"],
                    "validation": card["metrics"]["validation"]["accuracy"]["value"],
                }
            )
    return found


def the_case(data: Path, split_column: str, epochs: int) -> dict[str, Any]:
    """The case's own loop, with its generators; what it took and came to."""
    import keras  # noqa: PLC0415 - seconds that our runs have in their own processes
    from keras.src.legacy.preprocessing.image import ImageDataGenerator  # noqa: PLC0415

    from training.data.index import read_index  # noqa: PLC0415, TID251

    index = read_index(data, split_column=split_column)
    with tempfile.TemporaryDirectory() as folder:
        for example in index.examples:
            place = Path(folder, str(example.split), example.class_name)
            place.mkdir(parents=True, exist_ok=True)
            name = example.file.replace("/", "_")
            (place / name).symlink_to(example.path.resolve())
        keras.utils.set_random_seed(0)
        training = ImageDataGenerator(
            rescale=1 / 255,
            shear_range=0.5,
            rotation_range=30,
            zoom_range=0.2,
            width_shift_range=0.2,
            height_shift_range=0.2,
            horizontal_flip=True,
        ).flow_from_directory(f"{folder}/train", (299, 299), batch_size=50)
        validation = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
            f"{folder}/validation", (299, 299), batch_size=20
        )
        base = keras.applications.InceptionV3(
            include_top=False, weights=None, input_shape=(299, 299, 3)
        )
        base.trainable = False
        model = keras.Sequential(
            [
                base,
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(len(index.classes), activation="softmax"),
            ]
        )
        rate = keras.optimizers.Adam(0.001)
        model.compile(rate, loss="categorical_crossentropy", metrics=["accuracy"])
        ends = [(time.perf_counter(), time.process_time())]
        told = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: ends.append((time.perf_counter(), time.process_time()))
        )
        history = model.fit(
            training, epochs=epochs, validation_data=validation, verbose=0, callbacks=[told]
        ).history
    # The first epoch traces the graph, and stands for itself unless it is alone.
    rest = ends[1:] if epochs > 1 else ends
    clock, processor = (
        (last - first) / (len(rest) - 1) for first, last in zip(rest[0], rest[-1], strict=True)
    )
    return {
        "run": "the case's loop",
        "seconds_an_epoch": round(clock, 2),
        "processor_seconds_an_epoch": round(processor, 2),
        "validation": round(history["val_accuracy"][-1], 4),
    }


def tell(what: dict[str, Any]) -> None:
    """One line of JSON, at once."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
