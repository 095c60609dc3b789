"""Origins: scheme, host and port, written in the one way that lets them be compared."""

import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["origin_of", "parse_origin"]

_PORTS = {"http": 80, "https": 443}
# Printable ASCII without space: what else an address needs, it has in percent signs.
_ADDRESS = re.compile(r"[\x21-\x7e]{1,2000}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+")


def parse_origin(text: str) -> str:
    """Bring an origin to its one form, such as `https://images.example.org`.

    Args:
        text: `host` or `host:port`, which is https, or with `http://` or `https://` before.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"expected a host such as images.example.org, not {text!r}")
    return origin_of(parts)


def origin_of(address: str | SplitResult) -> str:
    """Tell the origin of an address.

    Raises:
        ValueError: It is not of http or https, names a user, or is not well-formed.
    """
    parts = urlsplit(address) if isinstance(address, str) else address
    if not _ADDRESS.fullmatch(parts.geturl()):
        raise ValueError("expected at most 2000 printable ASCII characters")
    if parts.scheme not in _PORTS:
        raise ValueError("expected an address that begins with https:// or http://")
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("expected an address without a user's name")
    host = (parts.hostname or "").removesuffix(".")
    if not _HOST.fullmatch(host):
        raise ValueError("expected an address with a host's name")
    port = parts.port
    shown = f"[{host}]" if ":" in host else host
    tail = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown}{tail}"
