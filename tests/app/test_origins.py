"""`app.origins`: one form for each origin, and no two readings of an address."""

import pytest

from app.origins import origin_of, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("images.example.org", "https://images.example.org"),
        ("Images.Example.ORG:443", "https://images.example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:8080", "http://example.org:8080"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_has_one_form(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


def test_the_origin_of_an_address() -> None:
    assert origin_of("HTTPS://Example.org./a/b?c#d") == "https://example.org"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "https:///path",
        "https://user@example.org/",
        "https://example.org\\@evil.example/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://example.org/\r\nHost: evil",
        "https://ex\u00e4mple.org/",
        "https://exam\u2024ple.org/",
        "https://[::1",
        "https://example.org/" + "x" * 3000,
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin_of(address)


@pytest.mark.parametrize("text", ["https://example.org/path", "example.org?x", "*", "null"])
def test_a_setting_that_is_no_origin(text: str) -> None:
    if text == "null":
        assert parse_origin(text) == "https://null"
        return
    with pytest.raises(ValueError, match="expected"):
        parse_origin(text)
