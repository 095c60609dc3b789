"""`app.bulk.progress`: a line that is drawn anew, or a line now and then."""

import io
import threading
import time
from collections.abc import Iterator

from app.bulk.progress import Progress, Total, duration
from app.bulk.run import Tally
from app.bulk.sources import FileSource, Source


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def counted(count: int) -> Total:
    total = Total(None)
    total.count = count
    return total


def run(stream: io.StringIO, total: Total, seconds: int, failed: int = 0) -> str:
    """Fifty rows a second after a hundred that were there, told of ten times a second."""
    clock = Clock()
    progress = Progress(stream, total, clock)
    for tenth in range(1, seconds * 10 + 1):
        clock.now = 100 + tenth / 10
        progress.advance(Tally(present=100, answered=tenth * 5 - failed, failed=failed))
    progress.close()
    return stream.getvalue()


def test_a_log_gets_a_line_now_and_then() -> None:
    lines = run(io.StringIO(), counted(2100), 25, failed=2).splitlines()
    assert lines == [
        "600 of 2,100, 50.0/s, 0:00:30 left, 2 errors",
        "1,100 of 2,100, 50.0/s, 0:00:20 left, 2 errors",
    ]


def test_a_terminal_has_one_line_that_is_left_empty() -> None:
    text = run(Terminal(), counted(2100), 2)
    assert "\n" not in text
    drawn = text.split("\r\x1b[K")
    assert 5 <= len(drawn) <= 12
    assert drawn[-2].endswith("left")
    assert drawn[-1] == ""


def test_without_a_total_there_is_no_time_left() -> None:
    assert run(io.StringIO(), Total(None), 11) == "600, 50.0/s\n"


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    clock = Clock()
    stream = io.StringIO()
    progress = Progress(stream, counted(10_000), clock)
    for second in range(1, 101):
        clock.now = 100.0 + second
        slow = min(second, 60)
        progress.advance(Tally(answered=slow * 10 + (second - slow) * 50))
    assert stream.getvalue().splitlines()[-1].startswith("2,600 of 10,000, 50.0/s")


def test_the_total_is_counted_beside() -> None:
    total = Total([FileSource("a"), FileSource("b")])
    for _ in range(200):
        if total.count is not None:
            break
        time.sleep(0.01)
    assert total.count == 2


def test_counting_ends_with_the_run() -> None:
    gone_on = threading.Event()
    asked = 0

    def endless() -> Iterator[Source]:
        nonlocal asked
        while True:
            gone_on.wait(20)
            asked += 1
            yield FileSource("a")

    total = Total(endless())
    total.close()
    gone_on.set()
    for thread in threading.enumerate():
        if thread.name == "total":
            thread.join(20)
    assert (total.count, asked) == (None, 1)


def test_a_duration_is_told_in_hours_minutes_and_seconds() -> None:
    assert duration(3723.4) == "1:02:03"
