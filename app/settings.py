"""What an operator may set, read once from the environment variables VASARI_*."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ByteSize, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.callers import parse_rate
from app.errors import SettingsError
from app.origins import parse_origin

__all__ = ["ALL_MODELS", "PREFIX", "Settings", "SettingsError", "load_settings", "usable_cores"]

PREFIX = "VASARI_"
ALL_MODELS = "all"

_REFERENCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}(@[0-9]{1,18})?")
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Count the cores that this process may keep busy: its affinity and its cgroup's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = _CPU_QUOTA.read_text(encoding="ascii").split()
        return max(1, min(cores or 1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or its quota is "max"
        return cores or 1


class Settings(BaseSettings):
    """The service's settings; docs/operations.md explains each.

    Attributes:
        models_store: Folder of the models.
        model: The default model, `name` or `name@version`.
        models: What is loaded at start-up, besides the default model. `("all",)`
            is every model in the store.
        device: Where models run. Defaults to the GPU where there is one.
        precision: Numbers that models are run in, where a version has them. Defaults
            to what its card found good enough.
        xla: Whether TensorFlow compiles models with XLA.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        max_body_bytes: Most bytes of one picture, and of the body of `POST /predict`.
        max_batch_bytes: Most bytes of the body of `POST /predict/batch`.
        max_batch_files: Most pictures in a batch.
        max_pixels: Most pixels of a picture.
        workers: Processes that serve, minded by one more; 0 serves in that one itself.
        threads: Worker threads that decode and infer. Defaults to the usable cores; of
            these each of several processes takes its share, and twice that on a GPU.
        max_batch: Most pictures in one forward pass on a GPU.
        batch_delay_ms: Longest wait for company on a GPU while another batch runs.
        queue_items: Pictures that may wait for a worker.
        queue_bytes: Bytes of uploads that may be held at once.
        deadline_seconds: How long a picture may take from admission to answer.
        reload_seconds: Between two looks for new versions in the store; 0 looks only
            when the process is told to.
        root_path: Sub-path under which a proxy serves the application.
        log_level: Least level of what is logged.
        log_format: Lines for people, or JSON for programs.
        traces_endpoint: Address of a collector that traces are sent to; empty sends none.
        trusted_keys: File of the keys one of which must have signed a version's card; None
            asks for no signature.
        api_keys_file: Digests of the keys of those who may ask; None lets everybody.
        rate_limit: How often one caller may ask, such as `60/minute`; empty for no limit.
        requests_at_once: Requests of one caller in work; 0 for no limit.
        trusted_proxies: Addresses or networks whose X-Forwarded-For is believed.
        cors_origins: Other sites whose pages may ask.
        url_hosts: Origins that pictures are fetched from; empty fetches none.
        url_seconds: How long it may take to fetch a picture.
        body_seconds: How long a body may take to arrive.
        idle_seconds: How long a connection may be without progress.
        max_connections: Most connections of one process.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    models_store: Path = Path("models_store")
    model: str = "vasari"
    models: Annotated[tuple[str, ...], NoDecode] = ()
    device: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["auto", "float32", "int8", "float16", "bfloat16"] = "auto"
    xla: bool = False
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    max_body_bytes: Annotated[ByteSize, Field(ge=1024)] = ByteSize(32 * 2**20)
    max_batch_bytes: Annotated[ByteSize, Field(ge=1024)] = ByteSize(128 * 2**20)
    max_batch_files: Annotated[int, Field(ge=1, le=10_000)] = 64
    max_pixels: Annotated[int, Field(ge=256)] = 100_000_000
    workers: Annotated[int, Field(ge=0, le=256)] = 1
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(default_factory=usable_cores)
    max_batch: Annotated[int, Field(ge=1, le=1024)] = 32
    batch_delay_ms: Annotated[float, Field(ge=0, le=1000)] = 2.0
    queue_items: Annotated[int, Field(ge=1)] = 64
    queue_bytes: Annotated[ByteSize, Field(ge=1024)] = ByteSize(256 * 2**20)
    deadline_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    reload_seconds: Annotated[float, Field(ge=0, le=86_400)] = 2.0
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    traces_endpoint: Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")] = ""
    trusted_keys: Path | None = None
    api_keys_file: Path | None = None
    rate_limit: str = ""
    requests_at_once: Annotated[int, Field(ge=0)] = 0
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    url_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    url_seconds: Annotated[float, Field(gt=0, le=300)] = 10.0
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    idle_seconds: Annotated[float, Field(gt=0, le=3600)] = 15.0
    max_connections: Annotated[int, Field(ge=8, le=1_000_000)] = 2000

    @field_validator("models", "trusted_proxies", "cors_origins", "url_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("model", "models")
    @classmethod
    def _check_references(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for reference in (value,) if isinstance(value, str) else value:
            if not _REFERENCE.fullmatch(reference):
                raise ValueError(f"{reference!r} is not of the form `name` or `name@version`")
        return value

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, value: str) -> str:
        if value:
            parse_rate(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)  # which raises what is wrong with it
        return value

    @field_validator("cors_origins", "url_hosts")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(parse_origin(each) for each in value)

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if self.model == ALL_MODELS:
            raise ValueError(f"{PREFIX}MODEL names one model; `all` belongs in {PREFIX}MODELS")
        largest = max(self.max_body_bytes, self.max_batch_bytes)
        if self.queue_bytes < largest:
            raise ValueError(
                f"{PREFIX}QUEUE_BYTES ({int(self.queue_bytes)}) is less than one allowed body "
                f"({int(largest)}: {PREFIX}MAX_BODY_BYTES, {PREFIX}MAX_BATCH_BYTES)"
            )
        return self


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment.

    Args:
        **overrides: Values that stand above the environment, such as those of
            command-line flags.

    Raises:
        SettingsError: A value cannot be used; the message names variable and value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise SettingsError(f"{reason}.") from None
        variable = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{variable}: {reason}; received {first['input']!r}.") from None
