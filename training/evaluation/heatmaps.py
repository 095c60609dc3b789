"""Whether heat maps show what the model goes by, and not just edges and faces.

Two checks (Adebayo et al. 2018, arXiv:1810.03292; Samek et al. 2017, arXiv:1509.06321):
with random weights in the layers that make the map, another map must come out; and
deleting the strongest tenth of a picture must cost the answer more than deleting
another tenth of the same shape.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import mean, wilson

__all__ = ["Deletion", "check_deletion", "check_randomised", "evidence", "random_weights"]

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Outputs = Mapping[str, NDArray[Any]]

_DELETED = 0.1
_DRAWS = 5


@dataclass(frozen=True)
class Deletion:
    """What deleting a tenth of a picture costs the probability of the model's answer.

    Attributes:
        pictures: How many were tried.
        strongest: Mean loss where the strongest tenth of the heat map is deleted.
        random: Mean loss where a tenth of the same shape elsewhere is.
        difference: Mean of the one less the other.
        stronger: Share of pictures in which the strongest tenth cost more.
    """

    pictures: int
    strongest: Estimate
    random: Estimate
    difference: Estimate
    stronger: Estimate


def evidence(activation_map: NDArray[Any], number: int) -> Floats:
    """One class's heat map, [h, w] from 0 on, of [h, w, C]; `app.prediction` scales it."""
    shares = np.asarray(activation_map, np.float64)
    found: Floats = np.maximum(shares[..., number] - shares.mean(axis=-1), 0)
    return found


def check_deletion(
    model: Callable[[Pixels], Outputs],
    honest: Callable[[Floats], Floats],
    pictures: Sequence[Pixels],
    seed: int = 0,
) -> Deletion:
    """Delete the strongest tenth of each picture, and five others of the same shape.

    A deleted place gets the picture's mean colour. Others are the same cells moved
    by a random way, round the edges: only where they lie differs.

    Args:
        model: uint8 [H, W, 3] -> `probabilities` [C] and `activation_map` [h, w, C].
        honest: Calibrates probabilities [C].
        pictures: At least one, each uint8 [H, W, 3] as it is served.
        seed: Of the moves.
    """
    rng = np.random.default_rng(seed)
    strongest, random = [], []
    for pixels in pictures:
        outputs = model(pixels)
        before = honest(np.asarray(outputs["probabilities"], np.float64))
        answer = int(before.argmax())
        found = evidence(outputs["activation_map"], answer)
        cells = _strongest(found)

        def cost(
            chosen: NDArray[np.bool_],
            pixels: Pixels = pixels,
            answer: int = answer,
            before: Floats = before,
        ) -> float:
            after = model(_without(pixels, chosen))["probabilities"]
            return float(before[answer] - honest(np.asarray(after, np.float64))[answer])

        rows, columns = cells.shape
        moves = [divmod(int(move), columns) for move in rng.integers(1, rows * columns, _DRAWS)]
        strongest.append(cost(cells))
        random.append(np.mean([cost(np.roll(cells, move, (0, 1))) for move in moves]))
    lost, elsewhere = np.array(strongest), np.array(random)
    return Deletion(
        pictures=len(pictures),
        strongest=mean(lost),
        random=mean(elsewhere),
        difference=mean(lost - elsewhere),
        stronger=wilson(int((lost > elsewhere).sum()), len(pictures)),
    )


def check_randomised(model: Any, pictures: Sequence[Pixels], seed: int = 0) -> Estimate:
    """Correlate the heat maps of the answers with those under random last weights.

    Args:
        model: A Keras model; it is left as it was.
        pictures: At least one, each uint8 [H, W, 3].
        seed: Of the weights.

    Returns:
        The mean over the pictures of Pearson's r between the places of both maps: 1
        where the weights do not matter, about 0 where the map is theirs.
    """
    batch = np.stack(pictures)
    before = _maps(model, batch)
    with random_weights(model, "activation_map", seed):
        after = _maps(model, batch)
    answers = [int(outputs["probabilities"].argmax()) for outputs in before]
    found = [
        _correlation(
            evidence(one["activation_map"], answer), evidence(other["activation_map"], answer)
        )
        for one, other, answer in zip(before, after, answers, strict=True)
    ]
    return mean(np.array(found))


@contextmanager
def random_weights(model: Any, output: str, seed: int = 0) -> Iterator[list[str]]:
    """Give the last layers before an output random weights, as widely spread as theirs.

    Args:
        model: A functional Keras model with named outputs.
        output: Name of the output.
        seed: Of the weights.

    Yields:
        The names of those layers. Their weights come back at the end.
    """
    rng = np.random.default_rng(seed)
    layers = _last_layers(model, output)
    kept = [layer.get_weights() for layer in layers]
    try:
        for layer, weights in zip(layers, kept, strict=True):
            layer.set_weights([rng.normal(w.mean(), w.std(), w.shape) for w in weights])
        yield [layer.name for layer in layers]
    finally:
        for layer, weights in zip(layers, kept, strict=True):
            layer.set_weights(weights)


def _last_layers(model: Any, output: str) -> list[Any]:
    """The layers with weights that are met first on the way back from an output."""
    makers = {id(each): step for step in model.operations for each in _listed(step.output)}
    found: dict[int, Any] = {}
    ahead, seen = [model.output[output]], set()
    while ahead:
        tensor = ahead.pop()
        step = makers.get(id(tensor))
        if step is None or id(step) in seen:
            continue
        seen.add(id(step))
        if getattr(step, "weights", None):
            found[id(step)] = step
        else:
            ahead.extend(_listed(step.input))
    return list(found.values())


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]


def _maps(model: Any, batch: Pixels) -> list[dict[str, NDArray[Any]]]:
    rows = []
    for picture in batch:
        outputs = model(picture[None], training=False)
        wanted = ("probabilities", "activation_map")
        rows.append({name: np.asarray(outputs[name])[0] for name in wanted})
    return rows


def _correlation(one: Floats, other: Floats) -> float:
    first, second = one.ravel() - one.mean(), other.ravel() - other.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float(first @ second) / scale if scale else 0.0


def _strongest(found: Floats) -> NDArray[np.bool_]:
    """The strongest tenth of the cells, at least one."""
    count = max(1, round(_DELETED * found.size))
    chosen = np.zeros(found.size, bool)
    chosen[np.argsort(-found, axis=None, kind="stable")[:count]] = True
    return chosen.reshape(found.shape)


def _without(pixels: Pixels, cells: NDArray[np.bool_]) -> Pixels:
    """A picture [H, W, 3] whose cells [h, w] have its mean colour."""
    height, width, _ = pixels.shape
    rows = np.arange(height) * cells.shape[0] // height
    columns = np.arange(width) * cells.shape[1] // width
    mean_colour = pixels.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    deleted = pixels.copy()
    deleted[cells[np.ix_(rows, columns)]] = mean_colour
    return deleted
