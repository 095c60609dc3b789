"""Triton by nvidia-pytriton: an inference callable for each core."""

import os

import numpy as np
from classifier import Classifier
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def callable_of(classifier: Classifier) -> object:
    """What Triton calls."""

    @batch
    def infer(file: np.ndarray) -> dict[str, np.ndarray]:
        answers = [classifier(each.tobytes()) for each in file]
        return {"probabilities": np.array(answers, np.float32)}

    return infer


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    config = TritonConfig(
        http_address="127.0.0.1", http_port=port, grpc_port=port + 1, metrics_port=port + 2
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="model",
            infer_func=[callable_of(Classifier()) for _ in range(int(os.environ["CORES"]))],
            inputs=[Tensor(name="file", dtype=np.uint8, shape=(-1,))],
            outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(-1,))],
            config=ModelConfig(batching=True, max_batch_size=1),
        )
        triton.serve()
