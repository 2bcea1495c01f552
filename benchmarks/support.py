"""The offline support score: trained and measured on answers that people marked.

`python -m benchmarks.support` trains it on all of RAGTruth's question answering part and writes
evalkit/judges/support.json. Run as a benchmark it trains on four fifths of the sources and scores the rest, five
times, with two controls beside it: a word-overlap score, and the same figure among answers of one generator and
length alone. Mutated answers say what kind of error it sees; SummEdits, where overlap is at chance, what it does not.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.sidebyside import table
from evalkit.backends.runtime import open_runtime
from evalkit.judges.features import Features, Source, describe, read
from evalkit.judges.statements import Statement, statements
from evalkit.judges.support import Support
from evalkit.types import Exchange

SHIPPED = Path(__file__).parent.parent / "evalkit" / "judges" / "support.json"
FOLDS, SEEDS, C, MUTANT_WEIGHT, SEED, BINS = 5, 5, 0.1, 0.1, 7, 5
LABELLED = "RAGTruth, question answering (817 answers, MIT)"


@dataclass(frozen=True)
class Answered:
    """One answer with the spans that people marked as unsupported.

    `features`: float64[statements, features]; `marked`: bool[statements]; `mutants`: kind -> (statement's row, its
    features once mutated).
    """

    group: str
    generator: str
    text: str
    bad: bool
    source: Source
    statements: list[Statement]
    features: np.ndarray
    marked: np.ndarray
    mutants: dict[str, tuple[int, np.ndarray]]


# ---------------------------------------------------------------- data


def ragtruth(data: Path) -> list[Answered]:
    """Reads the answers, and mutates one statement of each answer that people found faithful, in each way."""
    answers = list(_read(data))
    rng = random.Random(SEED)
    for answer in answers:
        if not answer.bad:
            others = [other for other in rng.sample(answers, 20) if other.group != answer.group]
            answer.mutants.update(_mutated(answer, others, rng))
    return answers


def raw(data: Path) -> Iterator[tuple[str, str, Exchange, list[dict[str, int]]]]:
    """Yields each answer's source, generator, exchange and marked spans."""
    for line in (data / "ragtruth-qa" / "ragtruth_qa.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        passages = re.split(r"passage \d+:", item["source"]["passages"])
        shown = tuple(passage.strip() for passage in passages if passage.strip())
        for response in item["responses"]:
            exchange = Exchange(item["source"]["question"], response["response"], shown)
            yield str(item["source_id"]), response["model"], exchange, response["labels"]


def _read(data: Path) -> Iterator[Answered]:
    sources: dict[str, Source] = {}
    for group, generator, exchange, spans in raw(data):
        if group not in sources:
            sources[group] = Source(read(exchange.question), [read(text) for text in exchange.passages])
        yield answered(sources[group], exchange.answer, group, generator, spans)


def answered(
    source: Source, text: str, group: str, generator: str, spans: Sequence[dict[str, int]]
) -> Answered:
    found, marked, end = statements(text), [], 0
    for statement in found:
        start = text.index(statement.text, end)
        end = start + len(statement.text)
        marked.append(any(span["start"] < end and span["end"] > start for span in spans))
    features = np.array([describe(s, source)[0] for s in found], dtype=np.float64).reshape(len(found), -1)
    return Answered(group, generator, text, bool(spans), source, found, features, np.array(marked), {})


# ---------------------------------------------------------------- mutations

AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|can|could|should|will|would|has|have|may|might|must|does|do)\b(?! not)"
)
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
Mutate = Callable[[str, Sequence[Answered], random.Random], str | None]


def change_number(text: str, others: Sequence[Answered], rng: random.Random) -> str | None:  # noqa: ARG001
    found = list(NUMBER.finditer(text))
    if not found:
        return None
    place = rng.choice(found)
    digit = rng.choice("123456789".replace(place[0][0], ""))
    return text[: place.start()] + digit + text[place.start() + 1 :]


def swap_name(text: str, others: Sequence[Answered], rng: random.Random) -> str | None:
    names = [name for other in others for name in NAME.findall(other.text)]
    found = list(NAME.finditer(text))
    if not found or not names:
        return None
    place, name = rng.choice(found), rng.choice(names)
    return None if name == place[0] else text[: place.start()] + name + text[place.end() :]


def negate(text: str, others: Sequence[Answered], rng: random.Random) -> str | None:  # noqa: ARG001
    found = AUXILIARY.search(text)
    return text[: found.end()] + " not" + text[found.end() :] if found else None


def replace(text: str, others: Sequence[Answered], rng: random.Random) -> str | None:  # noqa: ARG001
    return rng.choice(rng.choice(others).statements).text


MUTATIONS: dict[str, Mutate] = {
    "number": change_number,
    "entity": swap_name,
    "negation": negate,
    "unrelated statement": replace,
}


def _mutated(
    answer: Answered, others: Sequence[Answered], rng: random.Random
) -> Iterator[tuple[str, tuple[int, np.ndarray]]]:
    for kind, mutate in MUTATIONS.items():
        for row in rng.sample(range(len(answer.statements)), len(answer.statements)):
            statement = answer.statements[row]
            if (text := mutate(statement.text, others, rng)) is not None:
                features, _, _ = describe(Statement(text, statement.item), answer.source)
                yield kind, (row, np.array(features, dtype=np.float64))
                break


# ---------------------------------------------------------------- training


def train(answers: Sequence[Answered]) -> np.ndarray:
    """Returns float64[1 + features]: the intercept and the coefficient of each feature.

    A logistic regression over statements; mutants count a tenth, so that rare kinds of error have a say.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    mutants = [features for answer in answers for _, features in answer.mutants.values()]
    x = np.concatenate([*(answer.features for answer in answers), np.array(mutants)])
    y = np.concatenate([*(answer.marked for answer in answers), np.ones(len(mutants), dtype=np.bool_)])
    weight = np.where(np.arange(len(y)) < len(y) - len(mutants), 1.0, MUTANT_WEIGHT)
    scale = StandardScaler().fit(x)
    fit = LogisticRegression(C=C, max_iter=2000).fit(scale.transform(x), y, sample_weight=weight)
    slopes = fit.coef_[0] / scale.scale_
    return np.concatenate(([fit.intercept_[0] - slopes @ scale.mean_], slopes))


def supported(model: np.ndarray, features: np.ndarray) -> float:
    """The score of one answer, as evalkit.judges.support computes it."""
    return float(np.prod(1 / (1 + np.exp(model[0] + features @ model[1:]))))


def write(answers: Sequence[Answered]) -> None:
    coefficients = dict(zip(("intercept", *Features._fields), train(answers).round(4).tolist(), strict=True))
    stated = {
        "about": "The logit of a statement being unsupported: the intercept plus each coefficient times its feature.",
        "trained_on": LABELLED,
        "recipe": "python -m benchmarks.support",
        "coefficients": coefficients,
    }
    SHIPPED.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- measuring


def auroc(bad: np.ndarray, score: np.ndarray) -> float:
    """The chance that a supported answer scores above an unsupported one, ties counting half."""
    order = np.sort(score[bad])
    below = np.searchsorted(order, score[~bad], "left") + np.searchsorted(order, score[~bad], "right")
    return float(below.mean() / (2 * len(order)))


def matched(answers: Sequence[Answered], bad: np.ndarray, score: np.ndarray) -> float:
    """AUROC among answers of one generator and one fifth of its lengths, averaged over pairs."""
    generators = np.array([answer.generator for answer in answers])
    lengths = np.array([len(answer.text.split()) for answer in answers])
    total = weight = 0.0
    for generator in np.unique(generators):
        own = generators == generator
        edges = np.quantile(lengths[own], np.linspace(0, 1, BINS + 1)[1:-1])
        for part in range(BINS):
            rows = own & (np.digitize(lengths, edges) == part)
            if pairs := int(bad[rows].sum()) * int((~bad[rows]).sum()):
                total += pairs * auroc(bad[rows], score[rows])
                weight += pairs
    return total / weight


def balanced(bad: np.ndarray, flagged: np.ndarray) -> float:
    return float((flagged[bad].mean() + (~flagged[~bad]).mean()) / 2)


def overlap(text: str, source: Source) -> float:
    """The floor: the share of the answer's words that the passages hold."""
    words = re.findall(r"\w+", text.lower())
    return float(np.mean([word in source.known for word in words])) if words else 0.0


def crossed(
    answers: Sequence[Answered], seed: int
) -> tuple[np.ndarray, dict[str, list[tuple[bool, bool, bool]]]]:
    """Scores each answer by a model that saw no answer of its source; mutants: (lower, flagged, flagged before)."""
    groups = sorted({answer.group for answer in answers})
    fold = dict(zip(groups, np.random.default_rng(seed).permutation(len(groups)) % FOLDS, strict=True))
    scores = np.zeros(len(answers))
    caught: dict[str, list[tuple[bool, bool, bool]]] = {kind: [] for kind in MUTATIONS}
    for part in range(FOLDS):
        model = train([answer for answer in answers if fold[answer.group] != part])
        for row, answer in enumerate(answers):
            if fold[answer.group] == part:
                scores[row] = before = supported(model, answer.features)
                for kind, (at, features) in answer.mutants.items():
                    mutated = answer.features.copy()
                    mutated[at] = features
                    after = supported(model, mutated)
                    caught[kind].append((after < before, after < 0.5, before < 0.5))
    return scores, caught


def main(data: Path | None) -> str:
    if data is None:
        return "Not run: EVALKIT_DATA names no folder of real data.\n"
    start = perf_counter()
    answers = ragtruth(data)
    bad = np.array([answer.bad for answer in answers])
    lines = [(s, *crossed(answers, s)) for s in range(SEEDS)]
    floor = np.array([overlap(answer.text, answer.source) for answer in answers])

    def row(name: str, scores: Sequence[np.ndarray], cut: float | None) -> tuple[str, ...]:
        figures = [
            (
                auroc(bad, score),
                balanced(bad, score < (np.quantile(score, bad.mean()) if cut is None else cut)),
                matched(answers, bad, score),
            )
            for score in scores
        ]
        return (name, *(f"{figure:.3f}" for figure in np.mean(figures, axis=0)))

    scores = [score for _, score, _ in lines]
    head = (
        "ragtruth-qa, 817 answers, 5-fold by source, 5 seeds",
        "AUROC",
        "balanced accuracy",
        "AUROC, same generator and length",
    )
    quality = [
        row("support score, flagged below 0.5", scores, 0.5),
        row("support score, flagged at the base rate", scores, None),
        row("word overlap (floor), flagged at the base rate", [floor], None),
        row("fewest words", [-np.array([float(len(answer.text.split())) for answer in answers])], None),
    ]
    rates = []
    for kind in MUTATIONS:
        caught = np.array([one for _, _, found in lines for one in found[kind]])
        lower, after, before = caught.mean(axis=0)
        rates.append((kind, len(caught) // SEEDS, f"{lower:.0%}", f"{after:.0%}", f"{before:.0%}"))
    mutated = ("one statement mutated", "answers", "scored lower", "flagged", "flagged before")
    return (
        table(head, quality)
        + "\n"
        + table(mutated, rates)
        + "\n"
        + table(("SummEdits", "summaries", "support score", "word overlap"), summedits(data, shipped()))
        + f"\nIn all {perf_counter() - start:.0f} s; {speed(data)}\n"
    )


def shipped() -> np.ndarray:
    coefficients = json.loads(SHIPPED.read_text(encoding="utf-8"))["coefficients"]
    return np.array([coefficients[name] for name in ("intercept", *Features._fields)])


def summedits(data: Path, model: np.ndarray) -> list[tuple[object, ...]]:
    """AUROC by domain of the shipped coefficients, which saw nothing of it."""
    rows, everything = [], []
    for path in sorted((data / "summedits").glob("summedits_*.json")):
        sources: dict[str, Source] = {}
        found = []
        for item in json.loads(path.read_text(encoding="utf-8")):
            if item["doc"] not in sources:
                sources[item["doc"]] = Source(read(""), [read(item["doc"])])
            source = sources[item["doc"]]
            summary = answered(source, item["summary"], "", "", [])
            found.append(
                (
                    str(item["label"]) == "0",
                    supported(model, summary.features),
                    overlap(item["summary"], source),
                )
            )
        rows.append((path.stem.removeprefix("summedits_"), found))
        everything += found
    return [
        (name, len(found), *(f"{auroc(bad, score):.3f}" for score in columns))
        for name, found in [*rows, ("all", everything)]
        for bad, *columns in [[np.array(column) for column in zip(*found, strict=True)]]
    ]


def speed(data: Path) -> str:
    """Says how many answers a second the judge scores."""
    exchanges = [exchange for _, _, exchange, _ in raw(data)]
    runtime = open_runtime(Path("unused"), progress=lambda _stage, _done, _total: None)
    start = perf_counter()
    Support().judge("SupportScore", exchanges, runtime)
    return f"{len(exchanges) / (perf_counter() - start):,.0f} answers a second, each passage read once"


if __name__ == "__main__":
    write(ragtruth(Path(os.environ["EVALKIT_DATA"])))
