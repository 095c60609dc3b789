"""`app.runtime.batcher`: who waits, who does not, and whose answer is whose."""

import asyncio
import gc
import random
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import DeadlineExceeded, IntegrityError
from app.runtime.backend import Outputs, Pixels
from app.runtime.batcher import Batcher, Batching
from app.runtime.engine import Engine, Turn

FOREVER = 60.0
BAD = 255


def picture(number: int, views: int = 1) -> Pixels:
    """One that can be told from others by its answer."""
    row = np.array([number // 250, number % 250, 0, 0], np.uint8)
    return np.tile(row, (views, 1)).reshape(views, 1, 1, 4)


def number_of(outputs: Outputs) -> int:
    return int(outputs.probabilities[0, 0])


def always() -> bool:
    return True


class Model:
    """Answers with each picture's number; can be held back, and fails at what is bad."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.opened = threading.Event()
        self.opened.set()
        self.entered = threading.Semaphore(0)
        self.lock = threading.Lock()

    def __call__(self, pixels: Pixels) -> Outputs:
        with self.lock:
            self.sizes.append(len(pixels))
        self.entered.release()
        assert self.opened.wait(10)
        rows = pixels[:, 0, 0].astype(np.float32)
        if (rows[:, 2] == BAD).any():
            raise ValueError("a bad picture")
        numbers = rows[:, :1] * 250 + rows[:, 1:2]
        return Outputs(
            numbers,
            embedding=numbers + 0.5,
            activation_map=numbers[:, None, None] * 2,
            painting=numbers + 2,
            years=numbers + 3,
        )


class Callers:
    """Threads that ask a batcher, in the order in which they are told to."""

    def __init__(self, model: Any, *, most: int = 8, delay: float = FOREVER) -> None:
        self.batcher = Batcher(model, Batching(most, delay))
        self.pool = ThreadPoolExecutor(16)

    def ask(
        self, pixels: Pixels, is_wanted: Callable[[], bool] = always, *, queued: bool = False
    ) -> Future[Outputs]:
        before = len(self.batcher._queue)
        future = self.pool.submit(self.batcher.run, pixels, is_wanted)
        if queued:
            end = time.monotonic() + 10
            while len(self.batcher._queue) == before:
                assert time.monotonic() < end
                time.sleep(0.001)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()
        assert self.batcher._running == 0
        assert not self.batcher._queue


def held_back() -> Model:
    model = Model()
    model.opened.clear()
    return model


def test_on_an_idle_device_nobody_waits() -> None:
    model = Model()
    with Callers(model, delay=FOREVER) as callers:
        for number in range(5):
            assert number_of(callers.ask(picture(number)).result(10)) == number
    assert model.sizes == [1] * 5


def test_whoever_came_while_it_was_busy_goes_together() -> None:
    model = held_back()
    with Callers(model) as callers:
        asked = [callers.ask(picture(0))]
        assert model.entered.acquire(timeout=10)
        asked += [callers.ask(picture(number), queued=True) for number in (1, 2, 3)]
        model.opened.set()
        assert [number_of(each.result(10)) for each in asked] == [0, 1, 2, 3]
        assert [each.result().rows for each in asked] == [1, 3, 3, 3]
    assert model.sizes == [1, 3]


def test_the_wait_for_company_is_bounded() -> None:
    model = held_back()
    with Callers(model, delay=0.02) as callers:
        asked = [callers.ask(picture(number)) for number in (0, 1)]
        for _ in range(2):  # the second one runs beside the first
            assert model.entered.acquire(timeout=10)
        asked.append(callers.ask(picture(2), queued=True))
        time.sleep(0.1)  # past its delay, and yet there is no third place
        assert model.sizes == [1, 1]
        model.opened.set()
        assert [number_of(each.result(10)) for each in asked] == [0, 1, 2]


def test_a_full_batch_does_not_wait() -> None:
    model = held_back()
    with Callers(model, most=2) as callers:
        asked = [callers.ask(picture(0))]
        assert model.entered.acquire(timeout=10)
        asked += [callers.ask(picture(1), queued=True), callers.ask(picture(2))]
        assert model.entered.acquire(timeout=10)
        assert model.sizes == [1, 2]
        model.opened.set()
        assert [number_of(each.result(10)) for each in asked] == [0, 1, 2]


def test_views_of_a_picture_stay_together() -> None:
    model = held_back()
    with Callers(model, most=3) as callers:
        first = callers.ask(picture(9, views=5))  # more than a batch may have, and alone
        assert model.entered.acquire(timeout=10)
        second = callers.ask(picture(1, views=2), queued=True)
        third = callers.ask(picture(2, views=2))
        model.opened.set()
        assert first.result(10).probabilities.tolist() == [[9]] * 5
        found = second.result(10)
        assert found.probabilities.tolist() == [[1], [1]]
        assert found.embedding is not None
        assert found.embedding.tolist() == [[1.5], [1.5]]
        assert found.painting is not None
        assert found.painting.tolist() == [[3], [3]]
        assert found.years is not None
        assert found.years.tolist() == [[4], [4]]
        assert found.activation_map is not None
        assert found.activation_map.tolist() == [[[[2]]], [[[2]]]]
        assert third.result(10).probabilities.tolist() == [[2], [2]]
    assert model.sizes == [5, 2, 2]


def test_outputs_that_a_model_does_not_have_stay_away() -> None:
    with Callers(lambda pixels: Outputs(pixels[:, 0, 0].astype(np.float32))) as callers:
        found = callers.ask(picture(3)).result(10)
    assert set(found.named()) == {"probabilities"}
    assert found.activation_map is None


def test_a_bad_picture_fails_alone() -> None:
    model = held_back()
    bad = picture(2)
    bad[0, 0, 0, 2] = BAD
    with Callers(model) as callers:
        first = callers.ask(picture(0))
        assert model.entered.acquire(timeout=10)
        asked = [callers.ask(each, queued=True) for each in (picture(1), bad, picture(3))]
        model.opened.set()
        assert number_of(first.result(10)) == 0
        assert number_of(asked[0].result(10)) == 1
        with pytest.raises(ValueError, match="a bad picture"):
            asked[1].result(10)
        assert number_of(asked[2].result(10)) == 3
        assert model.sizes == [1, 3, 1, 1, 1]
        assert number_of(callers.ask(picture(4)).result(10)) == 4


def test_a_picture_of_another_size_disturbs_nobody() -> None:
    model = held_back()
    with Callers(model) as callers:
        callers.ask(picture(0))
        assert model.entered.acquire(timeout=10)
        good = callers.ask(picture(1), queued=True)
        odd = callers.ask(np.zeros((1, 2, 2, 3), np.uint8), queued=True)
        model.opened.set()
        assert number_of(good.result(10)) == 1
        assert number_of(odd.result(10)) == 0
    assert model.sizes == [1, 1, 1]


def test_a_model_that_answers_for_fewer_is_not_believed() -> None:
    with (
        Callers(lambda _: Outputs(np.zeros((3, 1), np.float32))) as callers,
        pytest.raises(IntegrityError, match="Expected 1 answers; received 3"),
    ):
        callers.ask(picture(1)).result(10)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_the_next_batch_runs_whatever_the_last_one_raised(error: BaseException) -> None:
    model = held_back()
    fails = [False, True]

    def run(pixels: Pixels) -> Outputs:
        failing = fails.pop(0) if fails else False
        found = model(pixels)
        if failing:
            raise error
        return found

    with Callers(run) as callers:
        first = callers.ask(picture(0))
        assert model.entered.acquire(timeout=10)
        asked = [callers.ask(picture(number), queued=True) for number in (1, 2)]
        model.opened.set()
        assert number_of(first.result(10)) == 0
        for each in asked:
            assert each.exception(10) is error
        assert number_of(callers.ask(picture(3)).result(10)) == 3


def test_what_nobody_waits_for_is_not_run() -> None:
    model = held_back()
    with Callers(model) as callers:
        first = callers.ask(picture(0))
        assert model.entered.acquire(timeout=10)
        wanted = {1: True, 2: True, 3: True}
        asked = [
            callers.ask(picture(number), lambda number=number: wanted[number], queued=True)  # type: ignore[misc]
            for number in wanted
        ]
        wanted |= {1: False, 3: False}
        model.opened.set()
        first.result(10)
        for each in (asked[0], asked[2]):
            with pytest.raises(DeadlineExceeded):
                each.result(10)
        assert number_of(asked[1].result(10)) == 2
    assert model.sizes == [1, 1]


def test_a_batch_that_nobody_waits_for_is_none() -> None:
    model = Model()
    with Callers(model) as callers, pytest.raises(DeadlineExceeded):
        callers.ask(picture(0), lambda: False).result(10)
    assert model.sizes == []


def test_a_caller_that_cannot_be_asked_does_not_end_it() -> None:
    with Callers(Model()) as callers:
        with pytest.raises(ZeroDivisionError):
            callers.ask(picture(0), lambda: bool(1 / 0)).result(10)
        assert number_of(callers.ask(picture(1)).result(10)) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    most=st.integers(1, 12),
    delay=st.sampled_from([0.0, 0.001, FOREVER]),
    bad_share=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_nobody_gets_anothers_answer(seed: int, most: int, delay: float, bad_share: float) -> None:
    """Callers come, go and fail at random; those that stay each get their own."""
    choose = random.Random(seed)  # noqa: S311
    model = Model()
    pictures = [(picture(number, choose.choice((1, 1, 2))), number) for number in range(120)]
    bad = {number for _, number in pictures if choose.random() < bad_share}
    left = {number for _, number in pictures if choose.random() < 0.2}
    for pixels, number in pictures:
        pixels[:, 0, 0, 2] = BAD if number in bad else 0
    batcher = Batcher(model, Batching(most, delay))

    def ask(pixels: Pixels, number: int) -> object:
        try:
            found = batcher.run(pixels, lambda: number not in left)
        except (ValueError, DeadlineExceeded) as error:
            return type(error)
        assert (found.probabilities == number).all()
        assert found.embedding is not None
        assert (found.embedding == number + 0.5).all()
        return len(found.probabilities)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda each: ask(*each), pictures))
    for (pixels, number), answer in zip(pictures, answers, strict=True):
        expected: object = len(pixels)
        if number in left:
            expected = DeadlineExceeded
        elif number in bad:
            expected = ValueError
        assert answer == expected
    assert max(model.sizes, default=0) <= max(most, 2)
    assert batcher._running == 0
    assert not batcher._queue


@pytest.mark.parametrize("seed", range(3))
def test_behind_the_engine_callers_are_cancelled_at_random(seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311
    model = Model()
    batcher = Batcher(model, Batching(4, 0.001))
    engine = Engine(threads=8, queue_items=1000, queue_bytes=1, deadline_seconds=30)
    engine.start()

    def work(number: int, turn: Turn) -> int:
        time.sleep(0.0005)
        return number_of(batcher.run(picture(number), turn.is_wanted))

    async def call(number: int) -> int:
        return await engine.run(lambda turn: work(number, turn))

    async def scenario() -> None:
        tasks = [asyncio.create_task(call(number)) for number in range(300)]
        cancelled = set()
        for number in choose.sample(range(300), 100):
            await asyncio.sleep(choose.random() / 1000)
            if tasks[number].cancel():
                cancelled.add(number)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for number, answer in enumerate(answers):
            if number in cancelled:
                assert isinstance(answer, asyncio.CancelledError)
            else:
                assert answer == number

    try:
        asyncio.run(scenario())
    finally:
        engine.close()
    assert batcher._running == 0
    assert not batcher._queue


def test_it_goes_when_its_model_goes() -> None:
    model = Model()
    batcher = Batcher(model, Batching())
    reference = weakref.ref(model)
    pixels = picture(1)
    pixels[0, 0, 0, 2] = BAD
    gc.disable()
    try:
        assert number_of(batcher.run(picture(2), always)) == 2
        with pytest.raises(ValueError, match="bad"):
            batcher.run(pixels, always)
        del batcher, model
        gc.collect(0)
        assert reference() is None
    finally:
        gc.enable()
