"""The log: lines for people, or one JSON object on each line for programs.

Nothing of an upload is ever given to it: no name, no byte, no metadata.
"""

import json
import logging
import time
from contextvars import ContextVar
from typing import Any, Literal

__all__ = ["JsonLines", "prepare_logging", "request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty between requests."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class JsonLines(logging.Formatter):
    """Each record as an object: time, level, logger, message, and what the record adds.

    A record adds members by `extra={"members": {...}}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        members: dict[str, Any] = {
            "time": f"{whole}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := request_id.get():
            members["request_id"] = identity
        members |= getattr(record, "members", {})
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return json.dumps(members, ensure_ascii=False, default=str)


def prepare_logging(level: str, form: Literal["text", "json"]) -> None:
    """Make this process write its log to the standard error.

    Args:
        level: Least level of what is written.
        form: `text` or `json`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("PIL").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
