"""The compose file, read as compose reads it: anchors merged, defaults put in."""

import re
from typing import Any

import yaml

from tests.deploy.dockerfile import ROOT

__all__ = ["read_compose"]

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def read_compose() -> dict[str, Any]:
    """The file as it is where no variable is set."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(r"\2", text))
    return found
