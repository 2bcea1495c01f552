"""A first suite over a folder of documents, ready to run. May import suite and below."""

from __future__ import annotations

import os
import re
from pathlib import Path

from evalkit.backends.files import write_atomic
from evalkit.connectors import documents
from evalkit.connectors.folder import Folder
from evalkit.errors import CorpusError, SuiteError
from evalkit.golden import jsonl
from evalkit.types import Document, Evidence, Question

__all__ = ["scaffold"]

_QUOTE = 20

_SUITE = """\
# Editors complete this file once `evalkit schema > suite.schema.json` has written its schema:
# yaml-language-server: $schema=suite.schema.json
name: {name}
owner: you@example.com # who answers for this suite
corpus:
  docs: {{folder: {{path: {docs}}}}}
golden: golden.jsonl
seed: 7
measures: [Recall@5, nDCG@10, Recall@4000c]
variants:
  shipped: {{chunker: {{fixed: {{size: 800, overlap: 100}}}}, retriever: bm25}}
  candidate: {{chunker: {{heading: {{size: 800}}}}, retriever: bm25}}
baseline: shipped
gates:
  - floor: {{variant: candidate, measure: Recall@5, at_least: 0.80}}
  - no_regression: {{variant: candidate, measure: nDCG@10, margin: 0.03}}
"""


def scaffold(folder: Path, docs: Path) -> list[Path]:
    """Writes suite.yaml and golden.jsonl with one example question, and returns their paths.

    Raises:
        SuiteError: where the folder already holds a suite.
        CorpusError: where `docs` holds no readable document.
    """
    suite, golden = folder / "suite.yaml", folder / "golden.jsonl"
    for path in (suite, golden):
        if path.exists():
            raise SuiteError(f"{path}: already exists; nothing was written; choose another folder")
    question = _example(docs)
    below = os.path.relpath(docs.resolve(), folder.resolve())
    name = re.sub(r"[^\w.-]+", "-", folder.resolve().name)
    write_atomic(suite, _SUITE.format(name=name, docs=f'"{below}"'))
    write_atomic(golden, jsonl.write([question]))
    return [suite, golden]


def _example(docs: Path) -> Question:
    for document in documents(Folder(docs)):
        if isinstance(document, Document):
            for line in document.text.splitlines():
                if len(line.strip()) >= _QUOTE and document.text.count(line.strip()) == 1:
                    evidence = Evidence(f"docs/{document.doc_id}", line.strip())
                    return Question("example-1", f"What does {document.title} say?", (evidence,))
    raise CorpusError(
        f"{docs}: no readable document with a line of {_QUOTE} characters; expected Markdown, text or HTML"
    )
