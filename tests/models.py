"""Tiny model versions, written into a store in a temporary folder.

The LiteRT model is assembled operation by operation, so that no test needs
TensorFlow for it. It looks at a picture's mean colour: red is medieval, green
renaissance, blue post-renaissance, and dark modern. Where it is given all five
outputs, it takes white for no painting, and dates by bins that are the periods.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema

CLASSES: list[dict[str, Any]] = [
    {"name": "medieval", "label": {"en": "Medieval", "zh": "中世纪"}, "years": [None, 1400]},
    {
        "name": "renaissance",
        "label": {"en": "Renaissance", "zh": "文艺复兴"},
        "years": [1400, 1600],
    },
    {
        "name": "post-renaissance",
        "label": {"en": "Post-Renaissance", "zh": "后文艺复兴"},
        "years": [1600, 1860],
    },
    {"name": "modern", "label": {"en": "Modern", "zh": "现代艺术"}, "years": [1860, None]},
]

WEIGHTS = np.array([[8, 0, 0], [0, 8, 0], [0, 0, 8], [-8, -8, -8]], np.float32) / 255
BIAS = np.array([0, 0, 0, 5], np.float32)
PAINTING_WEIGHTS = np.full((1, 3), -4 / 255, np.float32)
PAINTING_BIAS = np.array([8], np.float32)
EDGES = [1200, 1400, 1600, 1860, 2000]
FULL_CARD: dict[str, Any] = {
    "thresholds": {"confident": 0.6, "painting": 0.3},
    "dating": {"edges": EDGES, "method": "made by hand"},
}
"""What a card says beside, of the tiny model with all five outputs."""
SIDE = 16
NAME = "tiny"


def expected_probabilities(pixels: Any, bias: Any = BIAS) -> Any:
    """What the tiny model answers for uint8 [N, H, W, 3]."""
    logits = pixels.mean(axis=(1, 2)) @ WEIGHTS.T + bias
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def expected_painting(pixels: Any) -> Any:
    """What the tiny model with all five outputs answers for `painting`: [N, 1]."""
    logits = pixels.mean(axis=(1, 2)) @ PAINTING_WEIGHTS.T + PAINTING_BIAS
    return 1 / (1 + np.exp(-logits))


def litert_model(
    *,
    side: int = SIDE,
    bias: Any = BIAS,
    signature: bool = True,
    softmax: bool = True,
    full: bool = False,
) -> bytes:
    """The bytes of a model.tflite.

    Args:
        side: Height and width of its input.
        bias: Of the four classes.
        signature: Whether it has names for its three outputs, or only the first output.
        softmax: Whether its probabilities are probabilities.
        full: Whether it has the outputs `painting` and `years` too.
    """
    graph = _Graph(side, np.asarray(bias, np.float32))
    if not softmax:
        graph.probabilities = graph.logits
    if full:
        graph.add_painting_and_years()
    return graph.file(signature=signature)


def references_arrays(
    facts: list[dict[str, str]], colours: Any, thumbnails: list[bytes] | None = None
) -> dict[str, Any]:
    """The arrays of a references.npz for the tiny model, whose embedding is the mean colour.

    Args:
        facts: Of each work.
        colours: [N, 3], the mean colour of each, 1 to 255.
        thumbnails: A file of each, or an empty one. Defaults to none at all.
    """
    thumbnails = thumbnails or [b""] * len(facts)
    lines = "\n".join(json.dumps(each) for each in facts)
    return {
        "projection": (np.eye(3) * 127).astype(np.int8),
        "scale": np.full(3, 1 / 127, np.float32),
        "offset": np.full(3, 128, np.float32),
        "vectors": (np.asarray(colours) - 128).astype(np.int8),
        "facts": np.frombuffer(lines.encode(), np.uint8),
        "thumbnails": np.frombuffer(b"".join(thumbnails), np.uint8),
        "ends": np.cumsum([len(each) for each in thumbnails], dtype=np.int64),
    }


def references_file(arrays: dict[str, Any]) -> bytes:
    """The bytes of a references.npz with these arrays."""
    stored = io.BytesIO()
    np.savez_compressed(stored, **arrays)
    return stored.getvalue()


def write_version(
    store: Path,
    name: str = NAME,
    version: str = "1",
    *,
    files: dict[str, bytes] | None = None,
    card: dict[str, Any] | None = None,
    side: int = SIDE,
) -> Path:
    """Write a version whose card agrees with its files.

    Args:
        store: models_store.
        name: Of the model.
        version: Of the version.
        files: By name. Defaults to the tiny LiteRT model and a report.
        card: Members to add to the card, or to put in place of others; None removes one.
        side: Height and width of the model's input.
    """
    folder = store / name / version
    folder.mkdir(parents=True)
    if files is None:
        files = {"model.tflite": litert_model(side=side), "report.html": b"<h1>Report</h1>"}
    for file_name, content in files.items():
        (folder / file_name).write_bytes(content)
    members: dict[str, Any] = {
        "format_version": 1,
        "name": name,
        "version": version,
        "classes": CLASSES,
        "input": {"height": side, "width": side},
        "files": {
            file_name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for file_name, content in files.items()
        },
        **(card or {}),
    }
    kept = {key: value for key, value in members.items() if value is not None}
    (folder / "card.json").write_text(json.dumps(kept), encoding="utf-8")
    return folder


class _Graph:
    """uint8 [1, S, S, 3] -> probabilities [1, 4], embedding [1, 3], activation_map [1, S, S, 4].

    And perhaps painting [1, 1] and years [1, 4].
    """

    def __init__(self, side: int, bias: Any) -> None:
        self._buffers: list[Any] = [schema.BufferT()]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []
        self.pixels = self._tensor("pixels", [1, side, side, 3], schema.TensorType.UINT8)
        values = self._tensor("values", [1, side, side, 3])
        self._operator("CAST", [self.pixels], [values])
        weights = self._constant("weights", WEIGHTS)
        biases = self._constant("biases", bias)
        self.activation_map = self._tensor("activation_map", [1, side, side, 4])
        dense = schema.FullyConnectedOptionsT()
        dense.keepNumDims = True
        self._operator("FULLY_CONNECTED", [values, weights, biases], [self.activation_map], dense)
        axes = self._constant("axes", np.array([1, 2], np.int32), schema.TensorType.INT32)
        self.embedding = self._tensor("embedding", [1, 3])
        self._operator("MEAN", [values, axes], [self.embedding], schema.ReducerOptionsT())
        self.logits = self._tensor("logits", [1, 4])
        self._operator("MEAN", [self.activation_map, axes], [self.logits], schema.ReducerOptionsT())
        self.probabilities = self._softmax("probabilities")
        self.further: dict[str, int] = {}

    def add_painting_and_years(self) -> None:
        logit = self._tensor("painting_logit", [1, 1])
        weights = self._constant("painting_weights", PAINTING_WEIGHTS)
        bias = self._constant("painting_bias", PAINTING_BIAS)
        options = schema.FullyConnectedOptionsT()
        self._operator("FULLY_CONNECTED", [self.embedding, weights, bias], [logit], options)
        painting = self._tensor("painting", [1, 1])
        self._operator("LOGISTIC", [logit], [painting])
        self.further = {"painting": painting, "years": self._softmax("years")}

    def file(self, *, signature: bool) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs = [self.pixels]
        outputs = {"probabilities": self.probabilities}
        if signature:
            outputs |= {"embedding": self.embedding, "activation_map": self.activation_map}
            outputs |= self.further
        graph.outputs = list(outputs.values())
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.operatorCodes = [graph], self._codes
        model.buffers = self._buffers
        if signature:
            definition = schema.SignatureDefT()
            definition.signatureKey = "serving_default"
            definition.inputs = [_named("pixels", self.pixels)]
            definition.outputs = [_named(name, index) for name, index in outputs.items()]
            model.signatureDefs = [definition]
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _softmax(self, name: str) -> int:
        shares = self._tensor(name, [1, 4])
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        self._operator("SOFTMAX", [self.logits], [shares], options)
        return shares

    def _tensor(
        self, name: str, shape: list[int], kind: int = schema.TensorType.FLOAT32, buffer: int = 0
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _constant(self, name: str, values: Any, kind: int = schema.TensorType.FLOAT32) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return self._tensor(name, list(values.shape), kind, len(self._buffers) - 1)

    def _operator(
        self, name: str, inputs: list[int], outputs: list[int], options: Any = None
    ) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = code.builtinCode
        code.version = 1
        self._codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = inputs, outputs
        if options is not None:
            operator.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
            operator.builtinOptions = options
        self._operators.append(operator)


def _named(name: str, index: int) -> Any:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor
