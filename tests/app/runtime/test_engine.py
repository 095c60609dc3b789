"""`app.runtime.engine`: admission, deadlines, cancellation, and workers that never die."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from app.errors import (
    BrokenImage,
    DeadlineExceeded,
    InternalError,
    NotReady,
    Overloaded,
)
from app.runtime.engine import Engine, Turn
from tests.app.patience import until


@contextmanager
def engine(**given: Any) -> Iterator[Engine]:
    chosen = {"threads": 1, "queue_items": 2, "queue_bytes": 1000, "deadline_seconds": 5.0}
    opened = Engine(**{**chosen, **given})
    opened.start()
    try:
        yield opened
    finally:
        opened.close()


class Gate:
    """Work that begins, says so, and waits to be let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.count = 0

    def __call__(self, turn: Turn) -> Turn:
        self.count += 1
        self.entered.set()
        assert self.opened.wait(10)
        return turn


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_work_is_done_in_a_worker_thread() -> None:
    async def scenario() -> None:
        with engine() as opened:
            found = await opened.run(lambda turn: (turn, threading.current_thread().name))
        assert found[1] == "worker-0"
        assert found[0].worker == 0
        assert 0 <= found[0].waited < 1

    run(scenario())


def test_workers_work_at_the_same_time_each_with_its_index() -> None:
    async def scenario() -> None:
        gates = [Gate(), Gate()]
        with engine(threads=2) as opened:
            tasks = [asyncio.create_task(opened.run(gate)) for gate in gates]
            await until(lambda: all(gate.entered.is_set() for gate in gates))
            for gate in gates:
                gate.opened.set()
            turns = await asyncio.gather(*tasks)
        assert {turn.worker for turn in turns} == {0, 1}

    run(scenario())


def test_one_more_than_may_wait_is_refused_at_once() -> None:
    async def scenario() -> None:
        gate = Gate()
        with engine(queue_items=2) as opened:
            tasks = [asyncio.create_task(opened.run(gate))]
            await until(gate.entered.is_set)
            tasks += [asyncio.create_task(opened.run(gate)) for _ in range(2)]
            await until(lambda: opened.waiting == 2)
            started = time.perf_counter()
            with pytest.raises(Overloaded, match="fewer than 2 pictures waiting"):
                opened.check_admission()
            with pytest.raises(Overloaded):
                await opened.run(gate)
            assert time.perf_counter() - started < 0.5
            gate.opened.set()
            await asyncio.gather(*tasks)
            opened.check_admission()
        assert gate.count == 3

    run(scenario())


def test_bytes_are_counted_while_they_are_held() -> None:
    with engine(queue_bytes=100) as opened:
        with opened.upload() as first:
            first.grow(60)
            with opened.upload() as second:
                second.grow(40)
                with pytest.raises(Overloaded, match="at most 100 bytes of uploads at once; 100"):
                    second.grow(1)
            assert opened.held_bytes == 60
            first.grow(40)
        assert opened.held_bytes == 0


def test_work_that_waits_past_its_deadline_is_dropped_before_it_starts() -> None:
    async def scenario() -> None:
        gate, late = Gate(), Gate()
        with engine(deadline_seconds=0.1) as opened:
            first = asyncio.create_task(opened.run(gate))
            await until(gate.entered.is_set)
            with pytest.raises(DeadlineExceeded, match=r"within 0\.1 seconds"):
                await opened.run(late)
            assert opened.waiting == 0
            with pytest.raises(DeadlineExceeded):
                await first
            gate.opened.set()
            late.opened.set()
            assert (await opened.run(lambda _: "still alive")) == "still alive"
        assert late.count == 0

    run(scenario())


def test_a_worker_drops_what_it_takes_too_late() -> None:
    """The clock may pass the deadline between the event loop's turns."""

    async def scenario() -> None:
        gate, late = Gate(), Gate()
        with engine(deadline_seconds=0.2) as opened:
            first = asyncio.create_task(opened.run(gate))
            await until(gate.entered.is_set)
            second = asyncio.create_task(opened.run(late))
            await until(lambda: opened.waiting == 1)
            time.sleep(0.25)  # noqa: ASYNC251  the loop is blocked on purpose
            gate.opened.set()
            while opened.waiting:
                time.sleep(0.001)  # noqa: ASYNC251
            with suppress(DeadlineExceeded):
                await first
            with pytest.raises(DeadlineExceeded):
                await second
        assert late.count == 0

    run(scenario())


def test_a_cancelled_caller_takes_its_work_out_of_the_queue() -> None:
    async def scenario() -> None:
        gate, cancelled = Gate(), Gate()
        with engine() as opened:
            first = asyncio.create_task(opened.run(gate))
            await until(gate.entered.is_set)
            second = asyncio.create_task(opened.run(cancelled))
            await until(lambda: opened.waiting == 1)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert opened.waiting == 0
            gate.opened.set()
            await first
        assert cancelled.count == 0

    run(scenario())


def test_work_can_tell_whether_anybody_still_waits() -> None:
    async def scenario() -> None:
        answers: list[bool] = []
        gate = Gate()

        def work(turn: Turn) -> None:
            answers.append(turn.is_wanted())
            gate(turn)
            answers.append(turn.is_wanted())

        with engine() as opened:
            task = asyncio.create_task(opened.run(work))
            await until(gate.entered.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            gate.opened.set()
            await opened.run(lambda _: None)
        assert answers == [True, False]

    run(scenario())


def test_the_result_of_a_cancelled_caller_goes_nowhere() -> None:
    async def scenario() -> None:
        gate = Gate()
        with engine() as opened:
            task = asyncio.create_task(opened.run(gate))
            await until(gate.entered.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            gate.opened.set()
            assert (await opened.run(lambda _: "mine")) == "mine"

    run(scenario())


def test_everybody_gets_their_own_answer() -> None:
    async def scenario() -> None:
        with engine(threads=4, queue_items=500) as opened:
            answers = await asyncio.gather(
                *(opened.run(partial(_same, number)) for number in range(400))
            )
        assert answers == list(range(400))

    run(scenario())


@pytest.mark.parametrize(
    "error", [ValueError("secret"), MemoryError(), KeyboardInterrupt(), SystemExit(1)]
)
def test_a_worker_outlives_whatever_its_work_raises(error: BaseException) -> None:
    def fail(_: Turn) -> None:
        raise error

    async def scenario() -> None:
        with engine() as opened:
            with pytest.raises(InternalError) as raised:
                await opened.run(fail)
            assert "secret" not in raised.value.detail
            assert (await opened.run(lambda _: 1)) == 1

    run(scenario())


def test_a_problem_reaches_the_caller_as_it_is() -> None:
    def fail(_: Turn) -> None:
        raise BrokenImage("Expected better.")

    async def scenario() -> None:
        with engine() as opened, pytest.raises(BrokenImage, match="Expected better"):
            await opened.run(fail)

    run(scenario())


def test_before_its_start_and_after_its_end_work_is_refused() -> None:
    async def scenario() -> None:
        opened = Engine(threads=1, queue_items=1, queue_bytes=1, deadline_seconds=1)
        assert not opened.is_open
        with pytest.raises(NotReady, match="starting or stopping"):
            await opened.run(lambda _: 1)
        opened.start()
        assert opened.is_open
        opened.close()
        with pytest.raises(NotReady):
            opened.check_admission()

    run(scenario())


def test_closing_finishes_what_was_admitted() -> None:
    async def scenario() -> None:
        gate = Gate()
        opened = Engine(threads=1, queue_items=5, queue_bytes=1, deadline_seconds=5)
        opened.start()
        tasks = [asyncio.create_task(opened.run(gate)) for _ in range(3)]
        await until(lambda: opened.waiting == 2)
        closing = asyncio.create_task(asyncio.to_thread(opened.close))
        await until(lambda: not opened.is_open)
        gate.opened.set()
        await closing
        assert len(await asyncio.gather(*tasks)) == 3
        assert gate.count == 3

    run(scenario())


def test_an_answer_after_the_end_of_the_event_loop_is_nobodys() -> None:
    gate = Gate()
    opened = Engine(threads=1, queue_items=5, queue_bytes=1, deadline_seconds=5)
    opened.start()

    async def leave() -> None:
        task = asyncio.create_task(opened.run(gate))
        await until(gate.entered.is_set)
        task.cancel()

    run(leave())
    gate.opened.set()
    run(_alive(opened))
    opened.close()


def _same(number: int, _: Turn) -> int:
    return number


async def _alive(opened: Engine) -> None:
    assert (await opened.run(lambda _: 1)) == 1
