"""LitServe: a worker process for each core."""

import os

import litserve as ls
from classifier import Classifier
from fastapi import Request, Response


class Api(ls.LitAPI):
    """Decoding and inference, in the worker."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.classifier = Classifier()

    def decode_request(self, request: Request) -> bytes:
        """The uploaded file."""
        return request["file"].file.read()

    def predict(self, data: bytes) -> list[float]:
        """Ask."""
        return self.classifier(data)

    def encode_response(self, output: list[float]) -> Response:
        """As JSON."""
        return {"probabilities": output}


if __name__ == "__main__":
    server = ls.LitServer(
        Api(), accelerator="cpu", workers_per_device=int(os.environ["CORES"]), timeout=60
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        generate_client_file=False,
    )
