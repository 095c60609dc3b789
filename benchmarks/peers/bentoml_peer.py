"""BentoML: a worker process for each core."""

import os

import bentoml
from classifier import Classifier
from PIL import Image


@bentoml.service(workers=int(os.environ["CORES"]), traffic={"timeout": 60})
class Service:
    """The model behind one endpoint."""

    def __init__(self) -> None:
        self.classifier = Classifier()

    @bentoml.api
    def predict(self, file: Image.Image) -> list[float]:
        """Ask."""
        return self.classifier.classify(file)


if __name__ == "__main__":
    os.execvp(
        "bentoml",
        [
            "bentoml",
            "serve",
            "bentoml_peer:Service",
            "--host",
            "127.0.0.1",
            "-p",
            os.environ["PORT"],
        ],
    )
