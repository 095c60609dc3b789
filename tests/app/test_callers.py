"""`app.callers`: how often and how much at once, for each caller by itself."""

import asyncio

import pytest

from app import callers
from app.callers import CallerLimits, Rate, caller_of_address, parse_rate
from app.errors import RateLimited, TooManyAtOnce


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_caller_is_an_address_or_its_network(address: str, caller: str) -> None:
    assert caller_of_address(address) == caller


def test_a_rate_is_read() -> None:
    assert parse_rate("60/minute") == Rate(60, 60)
    assert parse_rate("1/day") == Rate(1, 86_400)


@pytest.mark.parametrize("text", ["", "60", "0/minute", "60/fortnight", "-1/second", "1.5/second"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="60/minute"):
        parse_rate(text)


def test_a_caller_asks_so_often_and_no_more_while_others_may() -> None:
    async def scenario() -> None:
        limits = CallerLimits(Rate(3, 3600), 0)
        for _ in range(3):
            await limits.enter("a")
            limits.leave("a")
        with pytest.raises(RateLimited, match="at most 3 requests of one caller in 3600") as raised:
            await limits.enter("a")
        assert raised.value.retry_after == 1200
        await limits.enter("b")

    asyncio.run(scenario())


def test_what_was_asked_is_forgotten_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: now)
        limits = CallerLimits(Rate(2, 60), 0)
        for _ in range(2):
            await limits.enter("a")
        with pytest.raises(RateLimited):
            await limits.enter("a")
        now += 31
        await limits.enter("a")
        with pytest.raises(RateLimited):
            await limits.enter("a")

    asyncio.run(scenario())


def test_a_jump_of_the_wall_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        limits = CallerLimits(Rate(1, 3600), 0)
        await limits.enter("a")
        monkeypatch.setattr("time.time", lambda: 4e9)
        with pytest.raises(RateLimited):
            await limits.enter("a")
        monkeypatch.setattr("time.time", lambda: 0.0)
        with pytest.raises(RateLimited):
            await limits.enter("a")
        await limits.enter("b")

    asyncio.run(scenario())


def test_a_caller_has_so_much_in_work_and_no_more() -> None:
    async def scenario() -> None:
        limits = CallerLimits(None, 2)
        await limits.enter("a")
        await limits.enter("a")
        with pytest.raises(TooManyAtOnce, match="at most 2 requests of one caller at once"):
            await limits.enter("a")
        await limits.enter("b")
        limits.leave("a")
        await limits.enter("a")
        for caller in ("a", "a", "b"):
            limits.leave(caller)
        assert limits._in_work == {}

    asyncio.run(scenario())


def test_a_refused_request_is_not_counted_as_in_work() -> None:
    async def scenario() -> None:
        limits = CallerLimits(Rate(1, 3600), 5)
        await limits.enter("a")
        limits.leave("a")
        with pytest.raises(RateLimited):
            await limits.enter("a")
        assert limits._in_work == {}

    asyncio.run(scenario())


def test_a_flood_of_addresses_is_no_flood_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_MOST_CALLERS", 10)

    async def scenario() -> None:
        limits = CallerLimits(Rate(1, 3600), 0)
        for number in range(100):
            await limits.enter(str(number))
            limits.leave(str(number))
        assert len(limits._buckets) == 10
        with pytest.raises(RateLimited):
            await limits.enter("99")

    asyncio.run(scenario())
