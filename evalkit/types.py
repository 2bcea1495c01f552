"""The nouns and protocols of evalkit: read this first. May import only the standard library and numpy.

At scale the nouns are columns: `Passages`, `Hits`, `Qrels` and `Scores` hold arrays, one row a passage, a
question or a cell. Python objects (`Passage`, `Score`) appear at the edges, one question or one report row at
a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Arrays = Mapping[str, NDArray[Any]]

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
    "Outcome",
    "Passage",
    "Passages",
    "Progress",
    "Qrels",
    "Question",
    "QuestionSet",
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

T = TypeVar("T")
R = TypeVar("R")

ALL_QUESTIONS = ""
"""The name of the slice that holds every question."""


# ---------------------------------------------------------------- documents


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one document: `document.text[start:end]`, offsets in characters.

    `heading` is the breadcrumb of the section it lies in ("Guide > Install"), empty where unknown.
    """

    doc: str
    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source text as searched, with what its source says about it.

    `doc_id` is "<source name>/<path at the source>". `acl` lists the groups and users that may read it; empty
    means public. `modified_at` is an ISO 8601 time stated by the source, or None where it states none.
    """

    doc_id: str
    text: str
    title: str = ""
    uri: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    acl: tuple[str, ...] = ()
    modified_at: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What a source lists: one document, before its body is read.

    `doc_id` is its path at the source. `revision` changes whenever its text, its facts or who may read it change (an
    ETag, a version, a blob's hash, with a digest of the permissions where they are versioned apart); empty where the
    source cannot say, and then the body is read every time. `key` is how the source names it for good (a page id, a
    file id: it survives renames), empty where the path is all there is. `stated` carries what the listing said
    already on to `fetch`; it is stored nowhere.
    """

    doc_id: str
    revision: str
    key: str = ""
    stated: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that its source lists but that could not be turned into text, and why."""

    doc_id: str
    reason: str


class Corpus(Protocol):
    """An immutable, ordered set of documents; rows are ordered by `doc_id`."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything the documents say; equal digests mean equal corpora."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Document: ...

    def row(self, doc_id: str) -> int | None:
        """Returns the document's row, or None where the corpus does not hold it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieved unit: a span and its text."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """A corpus cut into passages, as columns ordered by (doc, start, end).

    `doc`, `start`, `end`: int32[n]; `doc` is a row of the corpus. `heading`: int32[n] into `headings`, whose
    first entry is the empty string. `digest` identifies the corpus and the cuts.
    """

    corpus: Corpus
    doc: Ints
    start: Ints
    end: Ints
    heading: Ints
    headings: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.doc)

    def __getitem__(self, row: int) -> Passage:
        document = self.corpus[int(self.doc[row])]
        start, end = int(self.start[row]), int(self.end[row])
        heading = self.headings[int(self.heading[row])]
        return Passage(Span(document.doc_id, start, end, heading), document.text[start:end])

    def texts(self) -> Iterator[str]:
        """Yields every passage's text in row order, reading each document once."""
        row, text = -1, ""
        for doc, start, end in zip(self.doc, self.start, self.end, strict=True):
            if doc != row:
                row, text = int(doc), self.corpus[int(doc)].text
            yield text[start:end]


# ---------------------------------------------------------------- questions


@dataclass(frozen=True, slots=True)
class Evidence:
    """What supports the answer: a quote of a document, or with an empty quote the whole document.

    `start` is the quote's offset where the golden set pins it, with the text before and after it (`prefix`,
    `suffix`), else None: then the quote must be found exactly once. An empty `doc` leaves open which document.
    A whole document is pinned by its first and last characters, as `prefix` and `suffix`.
    """

    doc: str
    quote: str = ""
    start: int | None = None
    prefix: str = ""
    suffix: str = ""
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A golden item. No evidence means that the documents cannot answer it.

    `cluster` names what it shares with other questions (source document, topic, conversation).
    """

    id: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    reference: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""

    @property
    def answerable(self) -> bool:
        return bool(self.evidence)


@dataclass(frozen=True, slots=True, eq=False)
class Qrels:
    """Anchored evidence as columns, ordered by question row.

    `question`, `doc`, `start`, `end`, `grade`: int32[m]; `whole`: bool[m], True where the evidence is the
    whole document (then start is 0 and end its length).
    """

    question: Ints
    doc: Ints
    start: Ints
    end: Ints
    grade: Ints
    whole: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """A question set anchored to one corpus.

    `unwinnable` maps a question's row to why its evidence no longer stands in the corpus: such a question is
    unscored on every measure that needs evidence, never dropped.
    """

    questions: tuple[Question, ...]
    qrels: Qrels
    unwinnable: Mapping[int, str]
    digest: str

    def slices(self) -> dict[str, list[int]]:
        """Returns rows by slice "tag=value", and all rows under `ALL_QUESTIONS`."""
        rows: dict[str, list[int]] = {ALL_QUESTIONS: list(range(len(self.questions)))}
        for row, question in enumerate(self.questions):
            for tag, value in question.tags.items():
                rows.setdefault(f"{tag}={value}", []).append(row)
        return rows


# ---------------------------------------------------------------- runs


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What a search returned, best first, one row a query.

    `passage`: int32[queries, depth], rows of `Passages`, -1 past the last hit. `score`: float32, same shape,
    0 past the last hit. `seconds`: float64[queries], the time a query took on its own, -1 where it was not timed;
    not part of any digest. `cut`: how many passages the retriever could not read to their end.
    """

    passage: Ints
    score: NDArray[np.float32]
    seconds: Floats
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system said to one question.

    `error` is the reason where no answer was obtained. Costs are in the price table's currency.
    """

    text: str
    refused: bool = False
    error: str = ""
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A named chunker + retriever + answerer, searched to `depth` passages."""

    name: str
    chunker: Chunker
    retriever: Retriever
    answerer: Answerer | None = None
    depth: int = 100


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One variant over one question set: rows of `hits` and `answers` follow `Golden.questions`."""

    variant: Variant
    passages: Passages
    hits: Hits
    answers: tuple[Answer, ...] | None = None


# ---------------------------------------------------------------- scores


class State(IntEnum):
    """What a (question, measure) cell holds."""

    VALUE = 0
    NOT_APPLICABLE = 1
    UNSCORED = 2


@dataclass(frozen=True, slots=True)
class Score:
    """One cell: a value, or why there is none."""

    state: State
    value: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A column of outcomes, one row a question.

    `value`: float64[n], 0 where there is none and never NaN. `state`: uint8[n] of `State`. `reason` maps the
    rows that are not applicable or unscored to why. `detail` maps the rows that a judge saw to what it said. `labels`
    are what people said of a judge's answers, or why the judge may not gate; None where no judge was asked.
    """

    value: Floats
    state: NDArray[np.uint8]
    reason: Mapping[int, str]
    detail: Mapping[int, Judgement] = field(default_factory=dict)
    labels: Labels | str | None = None

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, row: int) -> Score:
        return Score(State(int(self.state[row])), float(self.value[row]), self.reason.get(row, ""))


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What people said of some of a variant's answers, with what the judge said of them, as columns.

    `row`: int32[n], rows of the questions, rising. `judged`, `label`: float64[n] in [0, 1]. `card` identifies the judge
    card that they stand on.
    """

    row: Ints
    judged: Floats
    label: Floats
    card: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer, as judged.

    `passage` is the index, into the passages that the judge saw, of the one that supports or contradicts it; -1 where
    there is none.
    """

    text: str
    supported: bool
    passage: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a judge sees: one question, with what was retrieved and answered."""

    question: str
    answer: str
    passages: tuple[str, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one exchange: a value in [0, 1], or in `error` why there is none.

    Costs are in the price table's currency.
    """

    value: float = 0.0
    error: str = ""
    claims: tuple[Claim, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its two-sided interval over `n` scored questions; `unscored` had no value.

    `method` names the interval. With n = 0 the mean is 0 and the interval is the measure's whole range.
    """

    mean: float
    low: float
    high: float
    n: int
    unscored: int
    method: str = ""


class Outcome(Enum):
    """A gate's answer. Only PASS releases."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's judgement of one variant, measure and slice.

    `low` and `high` are the one-sided confidence bounds that were compared with `bound`; `needed` is how many
    more questions would settle an INCONCLUSIVE, where more questions could. An advisory verdict is shown and holds
    no release.
    """

    gate: str
    variant: str
    measure: str
    outcome: Outcome
    reason: str
    slice: str = ALL_QUESTIONS
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    n: int = 0
    needed: int | None = None
    method: str = ""
    advisory: bool = False


class Results(Protocol):
    """What gates read: every score of one evaluation."""

    @property
    def golden(self) -> Golden: ...

    @property
    def baseline(self) -> str | None:
        """The reference variant's name."""

    @property
    def variants(self) -> Sequence[str]: ...

    @property
    def seed(self) -> int: ...

    def scores(self, variant: str, measure: str) -> Scores:
        """Returns one column. Raises SuiteError, with a suggestion, for an unknown name."""

    def figure(self, name: str) -> float | None:
        """Returns a figure about the corpus rather than a question ("corpus.stale_share"), or None."""


# ---------------------------------------------------------------- protocols


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
    `identity() -> str`.
    """

    def listing(self) -> Iterator[Listed]:
        """Yields every document, `doc_id` relative to the source: all of them, or an error, never silently fewer.

        Raises:
            CorpusError: where the source cannot be listed to its end.
        """

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        """Reads one document; None where the source no longer holds it, or no longer among what it would list.

        Asked also for what an earlier sync held and the listing omits, with its id and key and an empty revision:
        what comes back then is kept, and only None deletes.

        Raises:
            CorpusError: where the source cannot be asked.
        """


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

    def judge(self, results: Results) -> Sequence[Verdict]:
        """Returns one verdict, or one for each slice."""
