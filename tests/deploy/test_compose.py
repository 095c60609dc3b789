"""docker-compose.yml: valid by the specification's schema, and what it promises."""

import json
import re

import jsonschema
import pytest

from app.settings import PREFIX, Settings
from tests.deploy.compose import read_compose
from tests.deploy.dockerfile import ROOT, read_stages

COMPOSE = read_compose()
SERVICES = COMPOSE["services"]
SERVING = ["vasari", "vasari-cpu"]
LASTING = [*SERVING, "prometheus", "grafana"]


def test_it_is_valid_by_the_specification() -> None:
    schema = json.loads((ROOT / "tests/deploy/schemas/compose-spec.json").read_text("utf-8"))
    jsonschema.Draft201909Validator(schema).validate(COMPOSE)


def test_the_schema_finds_mistakes() -> None:
    """A check that lets everything pass would be none."""
    schema = json.loads((ROOT / "tests/deploy/schemas/compose-spec.json").read_text("utf-8"))
    broken = json.loads(json.dumps(COMPOSE))
    broken["services"]["vasari"]["restarts"] = "always"
    with pytest.raises(jsonschema.ValidationError, match="restarts"):
        jsonschema.Draft201909Validator(schema).validate(broken)


def test_without_a_profile_the_gpu_serves_and_nothing_else_runs() -> None:
    assert [name for name, each in SERVICES.items() if "profiles" not in each] == ["vasari"]
    (device,) = SERVICES["vasari"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert {name for each in SERVICES.values() for name in each.get("profiles", [])} == {
        *("cpu", "monitoring", "train", "train-cpu")
    }


@pytest.mark.parametrize("name", ["vasari-cpu", "train-cpu"])
def test_what_is_for_other_hosts_asks_for_no_gpu(name: str) -> None:
    assert "reservations" not in SERVICES[name]["deploy"].get("resources", {})


@pytest.mark.parametrize("name", SERVING)
def test_a_service_only_reads_the_store(name: str) -> None:
    assert SERVICES[name]["volumes"] == ["./models_store:/srv/vasari/models_store:ro"]
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", ["train", "train-cpu"])
def test_training_writes_where_the_services_read(name: str) -> None:
    assert "./models_store:/srv/vasari/models_store" in SERVICES[name]["volumes"]
    assert "restart" not in SERVICES[name]


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_restarted_watched_limited_and_its_log_turned_over(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.fullmatch(r"\d+[mg]", service["deploy"]["resources"]["limits"]["memory"])
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize("name", list(SERVICES))
def test_no_container_has_rights_and_no_port_is_open_to_the_network(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_it_waits_longer_than_the_deadline_before_it_kills() -> None:
    grace = int(SERVICES["vasari"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["deadline_seconds"].default


def test_every_variable_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {
        key for name in SERVING for key in SERVICES[name]["environment"] if key.startswith(PREFIX)
    }
    assert given <= known
    defaults = Settings.model_validate({})
    for key, value in SERVICES["vasari"]["environment"].items():
        told = getattr(Settings(**{key.removeprefix(PREFIX).lower(): value}), key[7:].lower())
        assert told == getattr(defaults, key[7:].lower())


def test_every_target_and_every_mounted_folder_exists() -> None:
    stages = read_stages()
    for service in SERVICES.values():
        if "build" in service:
            assert service["build"]["target"] in stages
            assert service["image"] == f"vasari:{service['build']['target']}"
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("./deploy"):
                assert (ROOT / source).is_dir()
            elif not source.startswith("."):
                assert source in COMPOSE["volumes"]
