"""The manifests: valid by Kubernetes's own schemas, and true to what the service is.

RayService is KubeRay's: its schema is in no package. Held to a schema are its pods, by
Kubernetes's, and its Serve config, by Ray's; of the rest, the names of the members.
"""

import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.settings import Settings
from tests.deploy.dockerfile import ROOT, read_stages

PLACE = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30.0", kubernetes_validate.latest_version())


def _documents(name: str) -> list[dict[str, Any]]:
    text = (PLACE / name).read_text("utf-8")
    # Anchors are copied, so that what is checked is what is sent.
    return [json.loads(json.dumps(each)) for each in yaml.safe_load_all(text)]


PLAIN = {each["kind"]: each for each in _documents("vasari.yaml")}
(RAY,) = _documents("rayservice.yaml")
CLUSTER = RAY["spec"]["rayClusterConfig"]
GROUPS = [CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", list(PLAIN))
def test_it_is_valid_by_the_schema(kind: str, version: str) -> None:
    kubernetes_validate.validate(PLAIN[kind], version, strict=True)


def test_the_schema_finds_mistakes() -> None:
    broken = json.loads(json.dumps(PLAIN["Deployment"]))
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_everything_names_the_one_deployment() -> None:
    template = PLAIN["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert PLAIN["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert PLAIN["Service"]["spec"]["selector"] == labels
    assert PLAIN["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = PLAIN["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == PLAIN["Deployment"]["metadata"]["name"]


def test_pods_end_in_order_before_they_are_killed() -> None:
    spec = PLAIN["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    deadline = Settings.model_fields["deadline_seconds"].default
    assert spec["terminationGracePeriodSeconds"] > pause + deadline


def test_pods_have_no_rights() -> None:
    spec = PLAIN["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    (user,) = read_stages()["vasari"].all_of("USER")
    assert user == f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}"


def test_images_are_targets_of_the_dockerfile() -> None:
    pods = [PLAIN["Deployment"]["spec"]["template"], *(group["template"] for group in GROUPS)]
    images = {each["image"] for pod in pods for each in pod["spec"]["containers"]}
    assert {image.removeprefix("vasari:") for image in images} <= set(read_stages())


@pytest.mark.parametrize("group", GROUPS, ids=["head", "worker"])
def test_the_pods_of_the_ray_cluster_are_valid(group: dict[str, Any]) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": "group"},
        "template": group["template"],
    }
    for version in VERSIONS:
        kubernetes_validate.validate(pod, version, strict=True)


def test_the_rest_of_the_ray_service_has_the_members_that_kuberay_knows() -> None:
    assert (RAY["apiVersion"], RAY["kind"]) == ("ray.io/v1", "RayService")
    assert set(RAY["spec"]) == {"serveConfigV2", "rayClusterConfig"}
    assert set(CLUSTER) == {
        *("rayVersion", "enableInTreeAutoscaling", "headGroupSpec", "workerGroupSpecs")
    }
    assert set(CLUSTER["headGroupSpec"]) == {"rayStartParams", "template"}
    for group in CLUSTER["workerGroupSpecs"]:
        counts = ("replicas", "minReplicas", "maxReplicas")
        assert set(group) == {"groupName", "rayStartParams", "template", *counts}
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for group in GROUPS:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_the_ray_version_is_the_one_that_is_locked() -> None:
    pins = (ROOT / "requirements" / "scale.txt").read_text("utf-8")
    assert f"\nray=={CLUSTER['rayVersion']} " in pins


def test_the_serve_config_is_rays_and_its_arguments_are_ours() -> None:
    schema = pytest.importorskip("ray.serve.schema", reason="Ray is not installed")
    from scaling.serve import Arguments  # noqa: PLC0415

    config = schema.ServeDeploySchema.model_validate(yaml.safe_load(RAY["spec"]["serveConfigV2"]))
    (application,) = config.applications
    assert application.import_path == "scaling.serve:build"
    arguments = Arguments.model_validate(application.args)
    worker = CLUSTER["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]
    cores = int(worker["resources"]["limits"]["cpu"])
    most = CLUSTER["workerGroupSpecs"][0]["maxReplicas"] * cores
    assert arguments.most_replicas * arguments.num_cpus <= most
