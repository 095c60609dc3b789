"""Ray Serve: a replica for each core."""

import os
import signal

import ray
from classifier import Classifier
from ray import serve
from starlette.requests import Request

CORES = int(os.environ["CORES"])


@serve.deployment(num_replicas=CORES, ray_actor_options={"num_cpus": 0.5}, max_ongoing_requests=64)
class Deployment:
    """The model behind one endpoint."""

    def __init__(self) -> None:
        self.classifier = Classifier()

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """Ask."""
        async with request.form() as form:
            data = await form["file"].read()
        return {"probabilities": self.classifier(data)}


if __name__ == "__main__":
    ray.init(address="local", num_cpus=2 * CORES, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
    serve.run(Deployment.bind(), route_prefix="/predict")
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    serve.shutdown()
    ray.shutdown()
