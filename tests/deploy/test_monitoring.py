"""What is provisioned for Prometheus and Grafana fits together, and asks for what there is."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.compose import read_compose
from tests.deploy.dockerfile import ROOT
from tests.images import jpeg

PLACE = ROOT / "deploy"
COMPOSE = read_compose()["services"]
DASHBOARD: dict[str, Any] = json.loads(
    (PLACE / "grafana/dashboards/vasari.json").read_text("utf-8")
)
RULES = yaml.safe_load((PLACE / "prometheus/rules.yml").read_text("utf-8"))

_METRIC = re.compile(r"\b(?:vasari|process|python)_[a-z_]+\b")
_LABELS = re.compile(r"(?:by|without|ignoring) \(([a-z_, ]+)\)|[{,]([a-z_]+)(?:=~?|!=)\"")
# Given by Prometheus itself, or by an aggregation of histograms.
_ANY_LABEL = {"instance", "job", "le", "worker"}


def _expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    for rule in RULES["groups"][0]["rules"]:
        yield f"rule {rule['alert']}", rule["expr"]


@pytest.fixture
def labels_of(client: TestClient) -> dict[str, set[str]]:
    """Labels by the name of each series that a service gives when it has answered and refused."""
    client.post("/predict", content=jpeg())
    client.get("/nowhere")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_and_every_label_that_is_asked_for_exists(
    labels_of: dict[str, set[str]],
) -> None:
    for where, expression in _expressions():
        names = set(_METRIC.findall(expression))
        assert names or "up{" in expression, where
        assert names <= set(labels_of), where
        asked = {
            label.strip()
            for groups in _LABELS.findall(expression)
            for label in ",".join(groups).split(",")
            if label.strip()
        }
        known = set().union(*(labels_of[name] for name in names))
        assert asked <= known | _ANY_LABEL, where


def test_the_dashboard_has_the_form_that_grafana_loads() -> None:
    assert DASHBOARD["uid"] == "vasari"
    assert isinstance(DASHBOARD["schemaVersion"], int)
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (column, row)
            for column in range(place["x"], place["x"] + place["w"])
            for row in range(place["y"], place["y"] + place["h"])
        }
        assert max(column for column, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] in {"stat", "table", "timeseries"}
        assert [target["refId"] for target in panel["targets"]] == sorted(
            {target["refId"] for target in panel["targets"]}
        )


def test_the_dashboard_asks_the_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load(
        (PLACE / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8")
    )["datasources"]
    used = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}
    used |= {each["datasource"]["uid"] for each in DASHBOARD["templating"]["list"]}
    assert used == {source["uid"]}
    host, port = source["url"].removeprefix("http://").split(":")
    assert COMPOSE[host]["ports"][0].endswith(f":{port}")


def test_grafana_finds_the_dashboard_where_it_is_mounted() -> None:
    (provider,) = yaml.safe_load(
        (PLACE / "grafana/provisioning/dashboards/vasari.yml").read_text("utf-8")
    )["providers"]
    folder = provider["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in COMPOSE["grafana"]["volumes"]
    home = COMPOSE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/vasari.json"


def test_prometheus_scrapes_the_alias_that_the_services_have() -> None:
    configuration = yaml.safe_load((PLACE / "prometheus/prometheus.yml").read_text("utf-8"))
    (job,) = configuration["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]
    for name in ("vasari", "vasari-cpu"):
        assert COMPOSE[name]["networks"]["default"]["aliases"] == discovery["names"]
        assert COMPOSE[name]["ports"][0].endswith(f":{discovery['port']}")
    assert configuration["rule_files"] == ["/etc/prometheus/rules.yml"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "words", [["config", "--syntax-only", "prometheus.yml"], ["rules", "rules.yml"]]
)
def test_prometheus_accepts_its_files(words: list[str]) -> None:
    subprocess.run(["promtool", "check", *words], cwd=PLACE / "prometheus", check=True)
