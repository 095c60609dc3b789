"""`app.errors`: the tree as it is drawn, and codes that programs can rely on."""

import inspect
import re

import pytest

from app import errors
from app.errors import Problem, VasariError

PROBLEMS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Problem) and kind not in (Problem, errors.ImageProblem)
]


def _tree() -> str:
    """The docstring from the root on."""
    return "VasariError" + (errors.__doc__ or "").split("VasariError", 1)[1]


def test_the_drawn_tree_is_the_real_one() -> None:
    """Each class stands in the module's docstring below its base, with its status and code."""
    drawn = re.findall(r"^([| `-]*)(\w+)(?: +(.*))?$", _tree(), re.MULTILINE)
    parents: dict[int, str] = {}
    seen = set()
    for lead, name, words in drawn:
        kind = getattr(errors, name)
        depth = len(lead) // 4
        if depth:
            assert kind.__base__.__name__ == parents[depth - 1]
        parents[depth] = name
        seen.add(name)
        if kind in PROBLEMS:
            assert words.startswith(f"{kind.status} {kind.code}")
    assert seen == {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, VasariError)
    }


def test_codes_are_distinct_and_stable() -> None:
    assert {kind.code: kind.status for kind in PROBLEMS} == {
        "body_timeout": 408,
        "body_too_large": 413,
        "broken_image": 422,
        "deadline_exceeded": 504,
        "empty_image": 422,
        "image_too_large": 413,
        "image_too_small": 422,
        "internal_error": 500,
        "invalid_request": 422,
        "method_not_allowed": 405,
        "no_image": 400,
        "not_found": 404,
        "not_ready": 503,
        "overloaded": 503,
        "rate_limited": 429,
        "too_many_at_once": 429,
        "unauthorized": 401,
        "unknown_model": 404,
        "unsupported_body": 415,
        "unsupported_image": 415,
        "url_failed": 422,
        "url_not_allowed": 403,
    }
    assert len(PROBLEMS) == 22


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_problem_explains_itself(kind: type[Problem]) -> None:
    problem = kind("Expected this; received that.", hint="more")
    assert str(problem) == problem.detail == "Expected this; received that."
    assert problem.extensions == {"hint": "more"}
    assert kind.title
    assert kind.__doc__
    assert (kind.retry_after is not None) == (kind.status in (429, 503))
