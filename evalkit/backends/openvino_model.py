"""Sentence-transformers models as OpenVINO compiles them for the processor. The only file that imports openvino."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.backends.torch_model import FEATURES, Batch, Precision, Tokenizer, load, traceable
from evalkit.errors import MissingDependency

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OpenVINOModel"]

_HINT = {"bfloat16": "bf16", "float32": "f32"}


class OpenVINOModel:
    """Runs a model compiled for this processor, one batch a stream.

    Args:
        folder: the model's files.
        precision: of activations; weights are compiled from float32.
    """

    batch_tokens = 4096

    def __init__(self, folder: Path, precision: Precision) -> None:
        model = load(folder, "float32")
        self.tokenizer = Tokenizer(model.cpu())
        self._compiled = _compiled(*traceable(model), precision)

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Yields each batch's rows with their unit vectors, float16[rows, dim], as they are done."""
        import openvino

        queue = openvino.AsyncInferQueue(self._compiled)
        done: list[tuple[NDArray[np.int64], NDArray[np.float16]]] = []
        queue.set_callback(
            lambda request, rows: done.append((rows, request.get_output_tensor(0).data.astype(np.float16)))
        )
        for rows, features in batches:
            queue.start_async({name: features[name] for name in FEATURES}, rows)
        queue.wait_all()
        yield from done


def _compiled(module: Any, example: dict[str, Any], precision: Precision) -> Any:
    # openvino's converter reports its use to its makers where this package can be imported.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
    except ImportError as error:
        raise MissingDependency.needed_by("an 'openvino:' encoder", "openvino", "openvino") from error

    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings():
        # What PyTorch says of tracing: it is deprecated, and values read in Python become constants.
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(module, example_input=example)  # must outlive the conversion
        model = frontend.convert(frontend.load(decoder))
    for given, name in zip(model.inputs, FEATURES, strict=True):
        given.set_names({name})
        given.get_node().set_element_type(openvino.Type.i64)
        given.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    model.validate_nodes_and_infer_types()
    hints = {"INFERENCE_PRECISION_HINT": _HINT[precision], "PERFORMANCE_HINT": "THROUGHPUT"}
    return openvino.Core().compile_model(model, "CPU", hints)
