"""`app.settings`: defaults, variables, and one clear sentence for a bad value."""

from pathlib import Path
from typing import Any

import pytest

from app import settings as module
from app.errors import SettingsError
from app.settings import Settings, load_settings, usable_cores


def test_defaults() -> None:
    settings = load_settings()
    assert settings.model_dump() == {
        "models_store": Path("models_store"),
        "model": "vasari",
        "models": (),
        "device": "auto",
        "precision": "auto",
        "xla": False,
        "host": "127.0.0.1",
        "port": 8000,
        "max_body_bytes": 32 * 2**20,
        "max_batch_bytes": 128 * 2**20,
        "max_batch_files": 64,
        "max_pixels": 100_000_000,
        "workers": 1,
        "threads": usable_cores(),
        "max_batch": 32,
        "batch_delay_ms": 2.0,
        "queue_items": 64,
        "queue_bytes": 256 * 2**20,
        "deadline_seconds": 30.0,
        "reload_seconds": 2.0,
        "root_path": "",
        "log_level": "info",
        "log_format": "text",
        "traces_endpoint": "",
        "trusted_keys": None,
        "api_keys_file": None,
        "rate_limit": "",
        "requests_at_once": 0,
        "trusted_proxies": (),
        "cors_origins": (),
        "url_hosts": (),
        "url_seconds": 10.0,
        "body_seconds": 60.0,
        "idle_seconds": 15.0,
        "max_connections": 2000,
    }


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("VASARI_MODELS_STORE", "/srv/models", "models_store", Path("/srv/models")),
        ("VASARI_MODEL", "alexnet@3", "model", "alexnet@3"),
        ("VASARI_MODELS", "alexnet, logistic@2,", "models", ("alexnet", "logistic@2")),
        ("VASARI_MODELS", "all", "models", ("all",)),
        ("VASARI_MODELS", "", "models", ()),
        ("VASARI_DEVICE", "gpu", "device", "gpu"),
        ("VASARI_PRECISION", "int8", "precision", "int8"),
        ("VASARI_PORT", "0", "port", 0),
        ("VASARI_MAX_BODY_BYTES", "5MiB", "max_body_bytes", 5 * 2**20),
        ("VASARI_MAX_BATCH_BYTES", "2000000", "max_batch_bytes", 2_000_000),
        ("VASARI_DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("VASARI_MAX_BATCH", "8", "max_batch", 8),
        ("VASARI_BATCH_DELAY_MS", "0.5", "batch_delay_ms", 0.5),
        ("VASARI_RELOAD_SECONDS", "0", "reload_seconds", 0.0),
        ("VASARI_ROOT_PATH", "/art/vasari", "root_path", "/art/vasari"),
        ("VASARI_API_KEYS_FILE", "/etc/keys", "api_keys_file", Path("/etc/keys")),
        (
            "VASARI_TRACES_ENDPOINT",
            "http://a.test:4318/b",
            "traces_endpoint",
            "http://a.test:4318/b",
        ),
        ("VASARI_TRUSTED_KEYS", "/etc/trusted", "trusted_keys", Path("/etc/trusted")),
        ("VASARI_RATE_LIMIT", "60/minute", "rate_limit", "60/minute"),
        (
            "VASARI_TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            "trusted_proxies",
            ("10.0.0.0/8", "::1"),
        ),
        ("VASARI_CORS_ORIGINS", "https://a.test", "cors_origins", ("https://a.test",)),
        (
            "VASARI_URL_HOSTS",
            "A.test, http://b.test:81",
            "url_hosts",
            ("https://a.test", "http://b.test:81"),
        ),
    ],
)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), name) == expected


def test_flags_stand_above_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VASARI_PORT", "8001")
    assert load_settings(port=8002).port == 8002


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VASARI_PORT", "eighty"),
        ("VASARI_PORT", "65536"),
        ("VASARI_DEVICE", "tpu"),
        ("VASARI_PRECISION", "int4"),
        ("VASARI_MODEL", "../escape"),
        ("VASARI_MODEL", "name@latest"),
        ("VASARI_MODELS", "good,Bad Name"),
        ("VASARI_WORKERS", "-1"),
        ("VASARI_THREADS", "0"),
        ("VASARI_MAX_BODY_BYTES", "plenty"),
        ("VASARI_MAX_PIXELS", "-1"),
        ("VASARI_QUEUE_ITEMS", "0"),
        ("VASARI_DEADLINE_SECONDS", "nan"),
        ("VASARI_MAX_BATCH", "0"),
        ("VASARI_BATCH_DELAY_MS", "-1"),
        ("VASARI_RELOAD_SECONDS", "-1"),
        ("VASARI_ROOT_PATH", "vasari/"),
        ("VASARI_LOG_LEVEL", "loud"),
        ("VASARI_LOG_FORMAT", "xml"),
        ("VASARI_RATE_LIMIT", "often"),
        ("VASARI_TRUSTED_PROXIES", "*"),
        ("VASARI_CORS_ORIGINS", "*"),
        ("VASARI_URL_HOSTS", "*"),
        ("VASARI_MAX_CONNECTIONS", "1"),
    ],
)
def test_a_bad_value_names_variable_and_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).startswith(f"{variable}: ")
    assert value.rpartition(",")[2].partition("/")[0] in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "all"}, "VASARI_MODEL names one model"),
        ({"queue_bytes": 2**20}, r"VASARI_QUEUE_BYTES \(1048576\) is less than one allowed body"),
    ],
)
def test_values_that_do_not_go_together(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(**given)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1


@pytest.mark.parametrize(
    ("quota", "expected"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("", 8)]
)
def test_a_container_quota_bounds_the_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, expected: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(module, "_CPU_QUOTA", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores() == expected
