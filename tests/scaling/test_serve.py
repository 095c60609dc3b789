"""What is said of a deployment, before any cluster; test_cluster runs one."""

import pytest
from pydantic import ValidationError

pytest.importorskip("ray.serve", reason="Ray (extra scale) is not installed")

from app.errors import SettingsError
from scaling.serve import Arguments, build

pytestmark = pytest.mark.filterwarnings("ignore")


def deployment(**given: object) -> object:
    return build(Arguments.model_validate(given))._bound_deployment


def test_a_replica_has_the_cores_that_it_asks_for() -> None:
    config = deployment(num_cpus=4)._deployment_config  # type: ignore[attr-defined]
    assert config.max_ongoing_requests == 4 + 32
    assert config.autoscaling_config.target_ongoing_requests == 8


def test_a_share_of_a_gpu() -> None:
    made = deployment(num_gpus=0.25, num_cpus=2)
    assert made.ray_actor_options["num_gpus"] == 0.25  # type: ignore[attr-defined]
    config = made._deployment_config  # type: ignore[attr-defined]
    assert config.max_ongoing_requests == 2 * 2 + 32


def test_settings_stand_above_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VASARI_QUEUE_ITEMS", "10")
    assert deployment()._deployment_config.max_ongoing_requests == 1 + 5  # type: ignore[attr-defined]
    given = {"queue_items": 20, "threads": 3}
    config = deployment(settings=given)._deployment_config  # type: ignore[attr-defined]
    assert config.max_ongoing_requests == 3 + 10


def test_what_cannot_be_is_refused_before_it_is_deployed() -> None:
    with pytest.raises(ValidationError, match=r"most_replicas of at least 3"):
        Arguments(least_replicas=3, most_replicas=2)
    with pytest.raises(ValidationError, match="gpus"):
        Arguments.model_validate({"gpus": 1})
    with pytest.raises(SettingsError, match="VASARI_MODEL"):
        build(Arguments(settings={"model": "not a name"}))
