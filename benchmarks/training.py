"""How long training takes.

    python benchmarks/training.py --data DIR [--split-column NAME] [-- OPTIONS]

times the default recipe from nothing to a stored version, and a second time with the
first one's cache; OPTIONS are those of `training.run`.

    python benchmarks/training.py --against-the-case --data DIR [--epochs N]
        [--case-epochs N] [--views K]

times `inception_v3` against the teaching case's own loop: Keras's `fit` over
`ImageDataGenerator`, the frozen base computed for every picture of every epoch. Both
start from the same random weights, are fed 0 to 1 and show each picture once an epoch;
ours shows K views of it in turn. With fewer --case-epochs than --epochs the case's
seconds are extrapolated from those, and the line says so.

Each run is a process of its own, with a cache and a models_store in a temporary
folder. Prints one line of JSON a run.
"""

import argparse
import json
import os
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
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("--only-the-case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("more", nargs="*", help="options of training.run, after --")
    given = parser.parse_args()
    if given.only_the_case:
        tell(the_case(Path(given.data), given.split_column, given.only_the_case))
        return
    if not given.against_the_case:
        ours(given.data, given.split_column, given.more)
        return
    more = ["--recipe", "inception_v3", "--weights", "random", "--faithful"]
    more += ["--epochs", str(given.epochs), "--views", str(given.views), *given.more]
    first, second = ours(given.data, given.split_column, more)
    epochs = given.case_epochs or given.epochs
    command = [sys.executable, __file__, "--data", given.data, "--split-column", given.split_column]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--only-the-case", str(epochs)], check=True, capture_output=True, text=True
    )
    whole = time.perf_counter() - started
    case = json.loads(done.stdout.splitlines()[-1])
    if epochs < given.epochs:
        # What is not an epoch, such as starting TensorFlow, is counted once.
        case["extrapolated_from_epochs"] = epochs
        whole += case["seconds_an_epoch"] * (given.epochs - epochs)
    tell(case | {"seconds": round(whole, 1), "epochs": given.epochs})
    times = {name: round(whole / run, 1) for name, run in (("first", first), ("second", second))}
    tell({"times_faster": times, "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]})


def ours(data: str, split_column: str, more: list[str]) -> list[float]:
    """Run `training.run` twice; seconds of each."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        command = [sys.executable, "-m", "training.run", "--data", data]
        command += ["--split-column", split_column, *more]
        command += ["--cache", str(root / "cache"), "--models-store", str(root / "store")]
        for run in ("first", "second"):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found.append(time.perf_counter() - started)
            card = json.loads(max(root.glob("store/*/*/card.json")).read_text())
            tell(
                {
                    "run": run,
                    "seconds": round(found[-1], 1),
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
        ends = [time.perf_counter()]
        told = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: ends.append(time.perf_counter())
        )
        history = model.fit(
            training, epochs=epochs, validation_data=validation, verbose=0, callbacks=[told]
        ).history
    # The first epoch traces the graph, and stands for itself unless it is alone.
    rest = ends[1:] if epochs > 1 else ends
    return {
        "run": "the case's loop",
        "seconds_an_epoch": round((rest[-1] - rest[0]) / (len(rest) - 1), 2),
        "validation": round(history["val_accuracy"][-1], 4),
    }


def tell(what: dict[str, Any]) -> None:
    """One line of JSON, at once."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
