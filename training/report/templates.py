"""Fills in the templates beside this file."""

from pathlib import Path

import jinja2

__all__ = ["fill"]


def fill(template: str, **values: object) -> str:
    """The page of a template; what it is told is escaped, and must all be there."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values).lstrip()
