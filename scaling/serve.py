"""The application of `app`, as it is, on Ray Serve.

    serve run scaling.serve:build num_cpus=2
    serve run scaling.serve:build num_gpus=0.5 most_replicas=8

Each replica is one process with the whole application: its models, its bounded queue, its
workers, its look at the store. The proxy hands it a request as bytes and takes an answer
as bytes, so nothing of what decodes or infers is pickled, and what refuses, refuses as
anywhere. Ray places replicas, adds and takes them by load, and replaces them a wave at
a time when the application is deployed anew.
"""

import math
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, model_validator
from ray import serve
from ray.serve.config import AutoscalingConfig

from app.main import create_app
from app.settings import Settings, load_settings

__all__ = ["Arguments", "build"]


class Arguments(BaseModel):
    """What may be said on the command line or in a Serve config's `args`.

    Attributes:
        num_cpus: Cores of a replica; as many worker threads, and twice that on a GPU.
        num_gpus: GPUs of a replica; a fraction lets several share one.
        least_replicas: Replicas that always stand.
        most_replicas: Replicas at the highest load.
        settings: Settings by their names, such as `model`, above those of VASARI_*.
        revision: Any text; another one has all replicas replaced, though nothing else changed.
    """

    model_config = ConfigDict(extra="forbid")

    num_cpus: float = Field(default=1, gt=0)
    num_gpus: float = Field(default=0, ge=0)
    least_replicas: int = Field(default=1, ge=1)
    most_replicas: int = Field(default=4, ge=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    revision: str = ""

    @model_validator(mode="after")
    def _check_replicas(self) -> "Arguments":
        if self.most_replicas < self.least_replicas:
            raise ValueError(
                f"Expected most_replicas of at least {self.least_replicas} (least_replicas); "
                f"received {self.most_replicas}."
            )
        return self


def build(arguments: Arguments) -> serve.Application:
    """Describe the deployment; Serve calls it where the application is deployed.

    Args:
        arguments: Checked by Serve against the annotation.

    Raises:
        SettingsError: A setting cannot be used.
    """
    settings = _settings(arguments)
    inside = settings.threads
    deployment = serve.deployment(
        name="vasari",
        # All workers busy and the queue half full: beyond it a request waits in the router,
        # where another replica may take it, and not where 503 is all that can come.
        max_ongoing_requests=inside + max(1, settings.queue_items // 2),
        ray_actor_options={"num_cpus": arguments.num_cpus, "num_gpus": arguments.num_gpus},
        autoscaling_config=AutoscalingConfig(
            min_replicas=arguments.least_replicas,
            max_replicas=arguments.most_replicas,
            initial_replicas=arguments.least_replicas,
            target_ongoing_requests=2 * inside,
        ),
        graceful_shutdown_timeout_s=settings.deadline_seconds,
        health_check_period_s=5,
        health_check_timeout_s=10,
    )

    def application() -> FastAPI:
        return create_app(settings)

    return deployment(serve.ingress(application)(Replica)).bind(arguments.revision)


class Replica:
    """One process of the service.

    Args:
        revision: Of the deployment; a different one makes a different deployment.
    """

    def __init__(self, revision: str = "") -> None:
        self.revision = revision


def _settings(arguments: Arguments) -> Settings:
    """The settings of a replica: the cores that it was given, not all of its host."""
    threads = math.ceil(arguments.num_cpus) * (2 if arguments.num_gpus else 1)
    device = "gpu" if arguments.num_gpus else "cpu"
    return load_settings(**{"threads": threads, "device": device, **arguments.settings})
