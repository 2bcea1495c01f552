"""Encoding, beside the processor's matrix products.

Tokens a second of real passages of about 160 tokens (`chroma-chunking-eval`), without store or search, beside how many
the model's matrix products alone would allow at the highest bfloat16 rate that PyTorch reaches here, measured
in turns with the encoders. Padding counts as work, not as tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.sidebyside import alternate, table
from evalkit.backends.encoder import DEFAULT, _folder, _model, embed_now

ENGINES = (DEFAULT, f"openvino:{DEFAULT}")
PASSAGES, CHARACTERS, REPEATS = 1024, 720, 5
SHAPES = ((2048, 2048, 2048), (4096, 1536, 1536), (4096, 384, 1536), (4096, 1536, 384))


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    import torch

    text = "".join(
        path.read_bytes().decode()
        for path in sorted((data / "chroma-chunking-eval" / "corpora").glob("*.md"))
    )
    step = (len(text) - CHARACTERS) // PASSAGES
    passages = [text[start : start + CHARACTERS] for start in range(0, step * PASSAGES, step)]
    tokenizer = _model(DEFAULT).tokenizer
    lengths = [len(ids) for ids in tokenizer(passages)["input_ids"]]
    work = sum(flops(length) for length in lengths)

    factors = [
        (torch.randn(m, k, dtype=torch.bfloat16), torch.randn(k, n, dtype=torch.bfloat16))
        for m, k, n in SHAPES
    ]
    rates: list[float] = []

    def multiply() -> None:
        for (one, two), (m, k, n) in zip(factors, SHAPES, strict=True):
            count = max(1, int(4e10 / (2 * m * k * n)))
            start = perf_counter()
            for _ in range(count):
                torch.mm(one, two)
            rates.append(2 * m * k * n * count / (perf_counter() - start))

    contenders: list[Callable[[], object]] = [
        multiply,
        *(partial(embed_now, name, passages) for name in ENGINES),
    ]
    for contender in contenders:
        contender()
    rates.clear()
    _, *took = alternate(contenders, REPEATS)
    per_round = [max(rates[start : start + len(SHAPES)]) for start in range(0, len(rates), len(SHAPES))]
    peak = sorted(per_round)[len(per_round) // 2]
    limit = sum(lengths) / (work / peak)
    rows = [("matrix products alone", "", f"{limit:,.0f}", f"{peak / 1e9:,.0f}", "100%")] + [
        (
            name,
            timed,
            f"{sum(lengths) / timed.median:,.0f}",
            f"{work / timed.median / 1e9:,.0f}",
            f"{work / timed.median / peak:.0%}",
        )
        for name, timed in zip(ENGINES, took, strict=True)
    ]
    head = ("encoder", f"{PASSAGES:,} passages", "tokens a second", "GFLOP/s", "of the limit")
    mean = sum(lengths) / len(lengths)
    return table(head, rows) + f"\nMedian of {REPEATS}; {mean:.0f} tokens a passage, tokenising included.\n"


def flops(tokens: int) -> float:
    """Counts the multiplications and additions of a text's matrix products in the embedded model."""
    config = json.loads((_folder(DEFAULT) / "config.json").read_text())
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    return float(layers * tokens * (2 * (4 * hidden**2 + 2 * hidden * inner) + 4 * tokens * hidden))
