"""The offline support score: trained and measured on answers that people marked.

`python -m benchmarks.support` trains it on all of RAGTruth's question answering part and writes
evalkit/judges/support.json. Run as a benchmark it trains on four fifths of the sources and scores the rest, five
times, with two controls beside it: a word-overlap score, and the same figure among answers of one generator and
length alone. The features were chosen on these very answers, so the figures lean to the good side. Mutated answers say
what kind of error it sees; SummEdits, where overlap is at chance, what it does not.
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
from typing import Any, NamedTuple

import numpy as np

from benchmarks.sidebyside import table
from evalkit.backends.runtime import open_runtime
from evalkit.judges.features import Features, Source, describe, read
from evalkit.judges.statements import Statement, statements
from evalkit.judges.support import DOUBT, Support
from evalkit.types import Exchange

SHIPPED = Path(__file__).parent.parent / "evalkit" / "judges" / "support.json"
FOLDS, SEEDS, C, SEED, BINS = 5, 5, 0.1, 7, 5
WEIGHTS = {"number": 0.3, "entity": 0.3, "negation": 0.2, "unrelated statement": 0.1}
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
NUMBER = re.compile(r"(?<!assage )(?<!assages )(?<![\d.,])\d+")
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

    A logistic regression over statements; mutants count for little, so that rare kinds of error have a say.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    mutants = [features for answer in answers for _, features in answer.mutants.values()]
    weights = [WEIGHTS[kind] for answer in answers for kind in answer.mutants]
    x = np.concatenate([*(answer.features for answer in answers), np.array(mutants)])
    y = np.concatenate([*(answer.marked for answer in answers), np.ones(len(mutants), dtype=np.bool_)])
    weight = np.concatenate([np.ones(len(y) - len(mutants)), weights])
    scale = StandardScaler().fit(x)
    fit = LogisticRegression(C=C, max_iter=2000).fit(scale.transform(x), y, sample_weight=weight)
    slopes = fit.coef_[0] / scale.scale_
    return np.concatenate(([fit.intercept_[0] - slopes @ scale.mean_], slopes))


def chances(model: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The chance that each statement is unsupported, as evalkit.judges.support computes it."""
    chance: np.ndarray = 1 / (1 + np.exp(-(model[0] + features @ model[1:])))
    return chance


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


class Crossed(NamedTuple):
    """What models said of answers whose sources they had not seen.

    `score`: float64[answers]. `chance`: float64[statements] of all answers in turn, that each is unsupported.
    `mutants`: by kind, bool[mutants, 5]: scored lower; answer flagged, and before; statement flagged, and before.
    """

    score: np.ndarray
    chance: np.ndarray
    mutants: dict[str, np.ndarray]


def crossed(answers: Sequence[Answered], seed: int) -> Crossed:
    """Scores each answer by a model that saw no answer of its source."""
    groups = sorted({answer.group for answer in answers})
    fold = dict(zip(groups, np.random.default_rng(seed).permutation(len(groups)) % FOLDS, strict=True))
    models = [train([answer for answer in answers if fold[answer.group] != part]) for part in range(FOLDS)]
    chance = []
    mutants: dict[str, list[Any]] = {kind: [] for kind in MUTATIONS}
    for answer in answers:
        model = models[fold[answer.group]]
        before = chances(model, answer.features)
        chance.append(before)
        for kind, (at, features) in answer.mutants.items():
            after = before.copy()
            after[at] = chances(model, features)
            was, now = np.prod(1 - before), np.prod(1 - after)
            flags = (now < was, now < 0.5, was < 0.5, after[at] >= DOUBT, before[at] >= DOUBT)
            mutants[kind].append(flags)
    return Crossed(
        np.array([np.prod(1 - one) for one in chance]),
        np.concatenate(chance),
        {kind: np.array(flags) for kind, flags in mutants.items()},
    )


def main(data: Path | None) -> str:
    if data is None:
        return "Not run: EVALKIT_DATA names no folder of real data.\n"
    start = perf_counter()
    answers = ragtruth(data)
    bad = np.array([answer.bad for answer in answers])
    runs = [crossed(answers, seed) for seed in range(SEEDS)]
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

    scores = [run.score for run in runs]
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
    marked = np.concatenate([answer.marked for answer in answers])
    flagged = [run.chance >= DOUBT for run in runs]
    statements_ = [
        (
            f"{np.mean([auroc(marked, -run.chance) for run in runs]):.3f}",
            f"{np.mean([flag[marked].mean() for flag in flagged]):.0%}",
            f"{np.mean([marked[flag].mean() for flag in flagged]):.0%}",
        )
    ]
    told = f"{len(marked):,} statements, {marked.mean():.0%} marked by people: AUROC"
    rates = [
        (
            kind,
            len(runs[0].mutants[kind]),
            *(f"{rate:.0%}" for rate in np.mean([r.mutants[kind] for r in runs], (0, 1))),
        )
        for kind in MUTATIONS
    ]
    mutated = (
        "one statement mutated",
        "answers",
        "scored lower",
        "answer flagged",
        "and before",
        "statement flagged",
        "and before",
    )
    return (
        table(head, quality)
        + "\n"
        + table((told, "of the marked, flagged", "of the flagged, marked"), statements_)
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
                    float(np.prod(1 - chances(model, summary.features))),
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
