"""From a request's inputs to pictures, and from what is said of them to its outputs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from app.api.inference_protocol.description import IMAGE, LABEL, PIXELS, PROBABILITIES, VERDICT
from app.api.inference_protocol.messages import InferenceRequest, InputTensor, OutputChoice
from app.api.inference_protocol.tensors import (
    BYTES,
    FP32,
    UINT8,
    Tensor,
    bytes_from_binary,
    bytes_from_json,
    pixels_from_binary,
    pixels_from_json,
)
from app.errors import BodyTooLarge, InvalidRequest
from app.imaging import Picture
from app.runtime.classification import Classification, Classified
from app.runtime.residents import Resident
from app.service import Service

__all__ = ["Infer"]

_DIGITS = 6


@dataclass(frozen=True)
class Infer:
    """What one request asks of one model.

    Args:
        service: Does the work.
        resident: The model.
        request: Parsed.
    """

    service: Service
    resident: Resident
    request: InferenceRequest

    async def __call__(self) -> list[tuple[Tensor, bool]]:
        """Do it.

        Returns:
            The outputs, each with whether it is to be raw.

        Raises:
            InvalidRequest: An input or an output is none of the model's.
            Problem: A picture cannot be used, or there is no place or time for it.
        """
        chosen = self._outputs()
        works = await self.service.engine.run(lambda _: self._works())
        # No more at once than there are workers, as for a batch of POST /predict/batch.
        turns = asyncio.Semaphore(self.service.engine.threads)

        async def ask(work: Classification) -> Classified:
            async with turns:
                (found,) = await self.service.classify(work)
                return found

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(work)) for work in works]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        answers = [task.result() for task in tasks]
        return [(make(answers), is_raw) for make, is_raw in chosen]

    def _works(self) -> list[Classification]:
        """Take the pictures from the inputs; in a worker thread, for numbers may be many."""
        if len(self.request.inputs) != 1:
            raise InvalidRequest(
                f"Expected one input, {IMAGE!r} or {PIXELS!r}; received "
                f"{[each.name for each in self.request.inputs]}."
            )
        (given,) = self.request.inputs
        if given.name == IMAGE:
            return self._files(given)
        if given.name == PIXELS:
            return self._tensor(given)
        raise InvalidRequest(
            f"Expected the input {IMAGE!r} or {PIXELS!r}; received {given.name!r}."
        )

    def _files(self, given: InputTensor) -> list[Classification]:
        _check_datatype(given, BYTES)
        self._check_count(given.count)
        if given.raw is None:
            is_base64 = given.parameters.get("content_type") == "base64"
            files = bytes_from_json(given.name, given.data, given.count, is_base64=is_base64)
        elif given.parameters.get("binary_data_size") is None:
            files = [given.raw]
        else:
            files = bytes_from_binary(given.name, given.raw, given.count)
        most = self.service.settings.max_body_bytes
        for each in files:
            if len(each) > most:
                raise BodyTooLarge(
                    f"Expected a picture of at most {most} bytes; received {len(each)}."
                )
        return [Classification(each, (self.resident,), self.service.limits) for each in files]

    def _tensor(self, given: InputTensor) -> list[Classification]:
        _check_datatype(given, UINT8)
        spec = self.resident.card.input
        wanted = (spec.height, spec.width, 3)
        if given.shape[1:] != wanted:
            raise InvalidRequest(
                f"Expected the shape {[-1, *wanted]} of the input {given.name!r}; received "
                f"{list(given.shape)}."
            )
        self._check_count(given.shape[0])
        if given.raw is None:
            pixels = pixels_from_json(given.name, given.data, given.shape)
        else:
            pixels = pixels_from_binary(given.name, given.raw, given.shape)
        size = (spec.width, spec.height)
        return [
            Classification(
                rows.tobytes(),
                (self.resident,),
                self.service.limits,
                picture=Picture(Image.fromarray(rows), *size, format="BMP", exif_turned=False),
            )
            for rows in pixels
        ]

    def _check_count(self, count: int) -> None:
        most = self.service.settings.max_batch_files
        if count > most:
            raise BodyTooLarge(f"Expected at most {most} pictures; received {count}.")

    def _outputs(self) -> list[tuple[Callable[[Sequence[Classified]], Tensor], bool]]:
        known = {PROBABILITIES: _probabilities, LABEL: _labels, VERDICT: _verdicts}
        if not self.request.outputs:
            is_raw = self.request.is_binary(None)
            return [(make, is_raw) for make in known.values()]
        chosen: list[tuple[Callable[[Sequence[Classified]], Tensor], bool]] = []
        for each in self.request.outputs:
            make = known.get(each.name)
            if make is None:
                raise InvalidRequest(
                    f"Expected one of the outputs {list(known)}; received {each.name!r}."
                )
            most = _classes_wanted(each)
            if most:
                make = partial(_classification, most)
            chosen.append((make, self.request.is_binary(each)))
        return chosen


def _check_datatype(given: InputTensor, wanted: str) -> None:
    if given.datatype != wanted:
        raise InvalidRequest(
            f"Expected the datatype {wanted} of the input {given.name!r}; "
            f"received {given.datatype!r}."
        )


def _classes_wanted(choice: OutputChoice) -> int:
    wanted: Any = choice.parameters.get("classification", 0)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
        raise InvalidRequest(f"Expected a number of classes; received {str(wanted)[:50]!r}.")
    if wanted and choice.name != PROBABILITIES:
        raise InvalidRequest(
            f"Expected classification of {PROBABILITIES!r}; received {choice.name!r}."
        )
    return wanted


def _probabilities(answers: Sequence[Classified]) -> Tensor:
    rows = [list(each.prediction.probabilities.values()) for each in answers]
    values = [round(value, _DIGITS) for row in rows for value in row]
    return Tensor(PROBABILITIES, FP32, (len(rows), len(rows[0])), values)


def _classification(most: int, answers: Sequence[Classified]) -> Tensor:
    """`value:index:label` of so many classes, best first."""
    rows = []
    for each in answers:
        index = {name: at for at, name in enumerate(each.prediction.probabilities)}
        top = each.prediction.top(most)
        rows.append([f"{value:.{_DIGITS}f}:{index[name]}:{name}" for name, value in top])
    values = [text for row in rows for text in row]
    return Tensor(PROBABILITIES, BYTES, (len(rows), len(rows[0])), values)


def _labels(answers: Sequence[Classified]) -> Tensor:
    return Tensor(LABEL, BYTES, (len(answers),), [each.prediction.period.name for each in answers])


def _verdicts(answers: Sequence[Classified]) -> Tensor:
    return Tensor(VERDICT, BYTES, (len(answers),), [each.prediction.verdict for each in answers])
