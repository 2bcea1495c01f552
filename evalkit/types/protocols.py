"""What plug-ins fulfil, and what a stage may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.types.arrays import Arrays
    from evalkit.types.documents import Document, Listed, Passage, Passages, Span, Unreadable
    from evalkit.types.questions import Golden, Question
    from evalkit.types.runs import Answer, Hits, Run
    from evalkit.types.scores import Exchange, Judgement, Results, Scores, Verdict

__all__ = [
    "Answerer",
    "Cache",
    "Chunker",
    "Connector",
    "Gate",
    "Index",
    "Judge",
    "Measure",
    "Memory",
    "Progress",
    "QuestionSet",
    "Remembering",
    "Retriever",
    "Runtime",
    "Tally",
    "Vectors",
    "Workers",
]

T = TypeVar("T")
R = TypeVar("R")


class Progress(Protocol):
    """Told of work done: `progress("embed", 128, 4096)`. Called from the main thread only."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


class Cache(Protocol):
    """Content-addressed results of stages; a key names its inputs, so a value never changes."""

    def get(self, key: str) -> Arrays | None: ...

    def put(self, key: str, arrays: Arrays) -> None: ...


class Vectors(Protocol):
    """The embedding store: one row per (encoder identity, SHA-256 of a text), shared by everything."""

    def get(
        self, identity: str, keys: Sequence[bytes]
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.bool_]]:
        """Returns float16[n, dim], which of them were held (others are zero), and which are of texts cut short."""

    def put(
        self, identity: str, keys: Sequence[bytes], rows: NDArray[np.float16], cut: NDArray[np.bool_]
    ) -> None: ...

    def joined(self, blocks: Iterable[NDArray[np.float16]]) -> NDArray[np.float16]:
        """Returns blocks of rows as one array that takes no memory of its own: it is mapped from a file."""


class Workers(Protocol):
    """An ordered map: results come in the items' order, whatever finishes first."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]: ...


@dataclass(slots=True)
class Tally:
    """How often each stage's work was made, how often it was reused from an earlier run, and what was paid to whom."""

    made: dict[str, int] = field(default_factory=dict)
    reused: dict[str, int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, *, made: int = 0, reused: int = 0) -> None:
        """Counts work of a stage."""
        self.made[stage] = self.made.get(stage, 0) + made
        self.reused[stage] = self.reused.get(stage, 0) + reused

    def pay(self, who: str, cost: float) -> None:
        """Counts what a judge's or an answerer's calls cost."""
        self.spent[who] = self.spent.get(who, 0.0) + cost


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a stage may use besides its inputs; none of it changes a result."""

    cache: Cache
    vectors: Vectors
    workers: Workers
    progress: Progress
    tally: Tally = field(default_factory=Tally)


class Connector(Protocol):
    """A source of documents. Only `evalkit sync` calls it.

    A frozen dataclass whose repr names the source: what `fetch` returns depends on the repr, the document's id and its
    revision alone, and is kept under them. So credentials are `pydantic.SecretStr` or `field(repr=False)`. One that
    has parameters on which no document depends (a ref, what to exclude) says what does in a method
    `identity() -> str`. One that reads a folder of this machine names it in a field `path`, to be watched.
    """

    def listing(self) -> Iterator[Listed]:
        """Yields every document, `doc_id` relative to the source: all of them, or an error, never silently fewer.

        Raises:
            CorpusError: where the source cannot be listed to its end.
        """

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        """Reads one document; None where the source no longer holds it, or no longer among what it would list.

        Called by several threads at once. Asked also for what an earlier sync held and the listing omits, with its id
        and key and an empty revision: what comes back then is kept, and only None deletes.

        Raises:
            CorpusError: where the source cannot be asked.
        """


@runtime_checkable
class Remembering(Protocol):
    """What a connector is too where its source can say what changed: a feed of changes, or ETags."""

    def listing_since(self, memory: Memory) -> Iterator[Listed]:
        """Yields what `listing` would, asking the source only for what is not in the memory, which it keeps up to date.

        An empty memory asks for everything. The memory is the source's own (as its repr names it) and outlives a kill
        at any moment, as of its last update.
        """


class Memory(Protocol):
    """Short texts by name; a dict is one."""

    def get(self, name: str, /) -> str | None: ...

    def items(self) -> Iterable[tuple[str, str]]: ...

    def update(self, facts: Mapping[str, str], /) -> None:
        """Remembers all of these, or, where the process is killed, none."""

    def clear(self) -> None: ...


class QuestionSet(Protocol):
    """A golden question set in some format. Frozen dataclass."""

    def questions(self) -> tuple[Question, ...]:
        """Reads the set. Raises GoldenError with every problem, its line and field."""


class Chunker(Protocol):
    """Cuts a document into spans."""

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:
        """Yields spans in order of start; each is non-empty and inside the text."""


class Index(Protocol):
    """Passages made searchable."""

    def search(self, queries: Sequence[str], depth: int) -> Hits:
        """Returns each query's best passages; ties go to the lower row."""


class Retriever(Protocol):
    """Makes passages searchable.

    A frozen dataclass whose repr is its identity; one that depends on more than its parameters (a model's weights)
    says so in a method `identity() -> str`.
    """

    def index(self, passages: Passages, runtime: Runtime) -> Index: ...


class Answerer(Protocol):
    """Answers a question from its hits. Returns an Answer with `error` rather than raising.

    A frozen dataclass whose repr is its identity, or that has a method `identity() -> str`, as retrievers have. One
    that calls out has a field `concurrency`, how many questions may be under way at once: its answers are kept one by
    one, so that none is paid for twice.
    """

    @property
    def top(self) -> int:
        """How many of the best passages it reads; judges see the same."""

    def answer(self, question: Question, passages: Sequence[Passage], runtime: Runtime) -> Answer: ...


class Measure(Protocol):
    """A definition such as `Recall@5`; `str(measure)` parses back to it."""

    @property
    def higher_is_better(self) -> bool: ...

    @property
    def timed(self) -> bool:
        """Whether a clock decides the values, so that two runs differ."""

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores: ...


class Judge(Protocol):
    """Says how good answers are, and what was retrieved for them. Returns an `error` rather than raising."""

    def identity(self) -> str:
        """Names the judge, its model, prompt and parser: what its agreement with people is recorded under."""

    def measures(self) -> frozenset[str]:
        """Returns the names that it can judge ("Faithfulness")."""

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:
        """Returns one judgement an exchange, in their order."""


class Gate(Protocol):
    """A requirement that a release must meet; `str(gate)` says it in a line."""

    @property
    def title(self) -> str:
        """What tells it from a suite's other gates: all it asks but the level ("floor candidate Recall@5").

        Waivers name it, so that a level may change under a waiver but nothing else.
        """

    def judge(self, results: Results) -> Sequence[Verdict]:
        """Returns one verdict, or one for each slice."""
