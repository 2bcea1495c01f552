"""The nouns and protocols of evalkit: read this first. May import only the standard library and numpy.

At scale the nouns are columns: `Passages`, `Hits`, `Qrels` and `Scores` hold arrays, one row a passage, a
question or a cell. Python objects (`Passage`, `Score`) appear at the edges, one question or one report row at
a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.types.documents import Corpus, Document, Listed, Passage, Passages, Span, Unreadable
from evalkit.types.protocols import (
    Answerer,
    Cache,
    Chunker,
    Connector,
    Gate,
    Index,
    Judge,
    Measure,
    Memory,
    Progress,
    QuestionSet,
    Remembering,
    Retriever,
    Runtime,
    Tally,
    Vectors,
    Workers,
)
from evalkit.types.questions import ALL_QUESTIONS, Evidence, Golden, Qrels, Question
from evalkit.types.runs import Answer, Hits, Run, Variant
from evalkit.types.scores import (
    Claim,
    Estimate,
    Exchange,
    Judgement,
    Labels,
    Outcome,
    Results,
    Score,
    Scores,
    State,
    Verdict,
)

if TYPE_CHECKING:
    from evalkit.types.arrays import Arrays as Arrays
    from evalkit.types.arrays import Floats as Floats
    from evalkit.types.arrays import Ints as Ints

__all__ = [
    "ALL_QUESTIONS",
    "Answer",
    "Answerer",
    "Cache",
    "Chunker",
    "Claim",
    "Connector",
    "Corpus",
    "Document",
    "Estimate",
    "Evidence",
    "Exchange",
    "Gate",
    "Golden",
    "Hits",
    "Index",
    "Judge",
    "Judgement",
    "Labels",
    "Listed",
    "Measure",
    "Memory",
    "Outcome",
    "Passage",
    "Passages",
    "Progress",
    "Qrels",
    "Question",
    "QuestionSet",
    "Remembering",
    "Results",
    "Retriever",
    "Run",
    "Runtime",
    "Score",
    "Scores",
    "Span",
    "State",
    "Tally",
    "Unreadable",
    "Variant",
    "Vectors",
    "Verdict",
    "Workers",
]
