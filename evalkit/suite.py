"""suite.yaml -> Suite; reports every problem at once. May import the plug-in rooms and below."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from evalkit import answerers, chunkers, connectors, gates, golden, grid, judges, measures, retrievers
from evalkit.backends import safe_yaml
from evalkit.digest import of_value
from evalkit.errors import EvalkitError, SuiteError, did_you_mean
from evalkit.measures.judged import Judged
from evalkit.registry import Registry
from evalkit.suite_file import RELEASE, ReleaseFile, ReportedFile, SuiteFile, VariantFile
from evalkit.types import Connector, Gate, Judge, Measure, QuestionSet, Variant

__all__ = ["RECORD_FILE", "RELEASE_FILE", "MissingEnvironment", "Suite", "load_suite"]

RELEASE_FILE = "release.json"
"""Beside the suite: the variant that was promoted last, and by whom."""

RECORD_FILE = "decisions.jsonl"
"""Beside the suite: the decision record."""

T = TypeVar("T")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_At = tuple[str | int, ...]


class MissingEnvironment(SuiteError):  # noqa: N818
    """The suite declares that it needs an environment variable, and it is not set."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What a suite file says, with its plug-ins built.

    `specs` holds each variant as it was written. `digest` identifies the specification (measures, variants, gates,
    seed) as it was written, before any environment variable was filled in.
    """

    path: Path
    name: str
    owner: str
    description: str
    corpus: Mapping[str, Connector]
    golden: QuestionSet
    test_share: float | None
    seed: int
    measures: tuple[Measure, ...]
    variants: tuple[Variant, ...]
    baseline: str | None
    specs: Mapping[str, Mapping[str, Any]]
    gates: tuple[Gate, ...]
    digest: str

    @property
    def lock(self) -> Path:
        """The file that pins the corpus."""
        return self.path.parent / "corpus.lock"

    @property
    def cards(self) -> Path:
        """The folder of judge cards."""
        return self.path.parent / "judge-cards"

    @property
    def home(self) -> Path:
        """Where snapshots, caches and reports live: $EVALKIT_HOME, or `.evalkit` at the project's root."""
        if stated := os.environ.get("EVALKIT_HOME"):
            return Path(stated).resolve()
        for folder in self.path.parents:
            if any((folder / mark).exists() for mark in (".evalkit", ".git", "pyproject.toml")):
                return folder / ".evalkit"
        return self.path.parent / ".evalkit"


def load_suite(path: Path) -> Suite:
    """Reads a suite file, or the `suite.yaml` of a folder.

    Raises:
        MissingEnvironment: where a variable under `requires` is not set.
        SuiteError: every problem, each with file, line and path.
    """
    path = (path / "suite.yaml" if path.is_dir() else path).resolve()
    try:
        loaded = safe_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such file; expected a suite.yaml (`evalkit init` writes one)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read ({error}); expected UTF-8 text") from error
    except ValueError as error:
        raise SuiteError(f"{path}: {error}") from error
    return _Reader(path, loaded).suite()


class _Reader:
    """Collects every problem of one file before giving up."""

    def __init__(self, path: Path, loaded: safe_yaml.Loaded) -> None:
        self.path = path
        self.loaded = loaded
        self.problems: list[str] = []
        self.filled: dict[str, str] = {}

    def suite(self) -> Suite:
        raw = self.loaded.data
        if not isinstance(raw, Mapping):
            raise SuiteError(
                f"{self.path}: found {raw!r:.40}; expected a mapping with name, corpus, golden, …"
            )
        self._require(raw.get("requires"))
        file = self._shape(self._filled(raw, ()))
        sources = {
            name: self._anchored(built)
            for name, spec in file.corpus.items()
            if (built := self._built(connectors.registry, spec, ("corpus", name))) is not None
        }
        spec = {"jsonl": file.golden} if isinstance(file.golden, str) else file.golden
        questions = self._anchored(self._built(golden.registry, spec, ("golden",)))
        baseline = file.baseline if isinstance(file.baseline, str) else None
        named = self._named(file)
        if isinstance(file.baseline, ReleaseFile):
            baseline = self._promoted(file.baseline, named)
        if isinstance(file.baseline, ReportedFile):
            baseline = self._reported(file.baseline, named)
        variants = tuple(self._variants(file, named))
        measured = tuple(self._measures(file, [variant for variant, _ in named.values()]))
        judged = tuple(self._gates(file, set(named), {str(m) for m in measured}))
        if not named:
            self._problem(("variants",), "no variant to run; name at least one under variants or grid")
        self._known("baseline", baseline, set(named), ("baseline",))
        if self.problems or questions is None:
            raise SuiteError(self.problems)
        return Suite(
            path=self.path,
            name=file.name,
            owner=file.owner,
            description=file.description,
            corpus=sources,
            golden=questions,
            test_share=file.split.test_share if file.split else None,
            seed=file.seed,
            measures=measured,
            variants=variants,
            baseline=baseline,
            specs={
                name: self._written(variant.model_dump(exclude_none=True))
                for name, (variant, _) in named.items()
            },
            gates=judged,
            digest=of_value(
                {key: value for key, value in raw.items() if key != "description"}
                | ({RELEASE: named[RELEASE][0].model_dump(exclude_none=True)} if RELEASE in named else {})
            ),
        )

    def _require(self, names: object) -> None:
        if isinstance(names, list):
            missing = [str(name) for name in names if not os.environ.get(str(name))]
            if missing:
                raise MissingEnvironment(
                    f"{self.path}: needs the environment variable {', '.join(missing)}, which is not set"
                )

    def _filled(self, value: object, at: _At) -> Any:
        """Fills in `${NAME}` from the environment."""
        if isinstance(value, Mapping):
            return {str(key): self._filled(item, (*at, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*at, position)) for position, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        for name in _VARIABLE.findall(value):
            if name not in os.environ:
                self._problem(at, f"the environment variable {name} is not set")
        filled = _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), value)
        if filled != value:
            self.filled[filled] = value
        return filled

    def _written(self, value: Any) -> Any:
        """Puts `${NAME}` back, so that no secret leaves with a report or a release."""
        if isinstance(value, Mapping):
            return {key: self._written(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._written(item) for item in value]
        return self.filled.get(value, value) if isinstance(value, str) else value

    def _shape(self, data: object) -> SuiteFile:
        from pydantic import ValidationError

        try:
            return SuiteFile.model_validate(data)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                at = tuple(part for part in problem["loc"] if part not in {"str", "dict[str,any]"})
                if problem["type"] == "extra_forbidden":
                    known = VariantFile.model_fields if at[0] == "variants" else SuiteFile.model_fields
                    self._problem(at[:-1], f"unknown key '{at[-1]}'; {did_you_mean(str(at[-1]), known)}")
                elif problem["type"] == "missing":
                    self._problem(at[:-1], f"'{at[-1]}' is missing")
                else:
                    self._problem(at, f"{problem['msg']}; found {problem['input']!r:.60}")
            raise SuiteError(self.problems) from error

    def _named(self, file: SuiteFile) -> dict[str, tuple[VariantFile, _At]]:
        """Every variant's name with what it is and where it stands."""
        named: dict[str, tuple[VariantFile, _At]] = {
            name: (variant, ("variants", name)) for name, variant in file.variants.items()
        }
        if file.grid is not None:
            roles = file.grid.model_dump(exclude_none=True)
            for name, specs in grid.combinations(roles):
                if name in named:
                    self._problem(("grid",), f"the combination '{name}' is also a variant's name; rename one")
                named[name] = (VariantFile.model_validate(specs), ("grid",))
        return named

    def _promoted(self, stated: ReleaseFile, named: dict[str, tuple[VariantFile, _At]]) -> str:
        """Adds the promoted release as a variant, so that it runs on the same snapshot as the others."""
        path = self.path.parent / RELEASE_FILE
        if not path.exists():
            return stated.release
        try:
            promoted = json.loads(path.read_text(encoding="utf-8"))
            named[RELEASE] = (
                VariantFile.model_validate(self._filled(promoted["spec"], ("baseline",))),
                ("baseline",),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._problem(("baseline",), f"{path}: not a promoted release ({error}); promote again")
        return RELEASE

    def _reported(self, stated: ReportedFile, named: dict[str, tuple[VariantFile, _At]]) -> str:
        """Adds a saved report's variant, so that it runs on the same snapshot: its old scores are never compared."""
        path = self.path.parent / stated.report
        try:
            specs = {row["name"]: row["spec"] for row in json.loads(path.read_text("utf-8"))["variants"]}
            if stated.variant not in specs:
                hint = did_you_mean(stated.variant, specs)
                self._problem(("baseline",), f"{path}: holds no variant '{stated.variant}'; {hint}")
            else:
                named[RELEASE] = (VariantFile.model_validate(specs[stated.variant]), ("baseline",))
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._problem(("baseline",), f"{path}: not a readable report ({error})")
        return RELEASE

    def _variants(self, file: SuiteFile, named: Mapping[str, tuple[VariantFile, _At]]) -> Iterator[Variant]:
        for name, (variant, at) in named.items():
            chunker = self._built(chunkers.registry, variant.chunker, (*at, "chunker"))
            retriever = self._built(retrievers.registry, variant.retriever, (*at, "retriever"))
            answerer = (
                self._built(answerers.registry, variant.answerer, (*at, "answerer"))
                if variant.answerer is not None
                else None
            )
            if answerer is not None and not hasattr(answerer, "top"):
                self._problem(
                    (*at, "answerer"), "found no field 'top'; expected how many of the best passages it reads"
                )
            if chunker is not None and retriever is not None:
                depth = variant.depth or file.depth
                yield Variant(name, chunker, retriever, self._anchored(answerer), depth)

    def _measures(self, file: SuiteFile, variants: Iterable[VariantFile]) -> Iterator[Measure]:
        judge = self._judges(file.judge)
        answered = any(variant.answerer is not None for variant in variants)
        for position, name in enumerate(file.measures):
            try:
                measure = measures.parse(name)
                yield _judged(measure, judge, answered=answered) if isinstance(measure, Judged) else measure
            except SuiteError as error:
                self._problem(("measures", position), *error.problems)

    def _judges(self, spec: str | dict[str, Any]) -> dict[str, Judge | None]:
        """Returns judges by the measure they decide; a suite's only judge stands under the empty name."""
        several = isinstance(spec, dict) and set(spec) <= set(measures.registry)
        named = spec if several and isinstance(spec, dict) else {"": spec}
        return {
            name: self._anchored(self._built(judges.registry, one, ("judge", name) if name else ("judge",)))
            for name, one in named.items()
        }

    def _gates(self, file: SuiteFile, variants: set[str], measured: set[str]) -> Iterator[Gate]:
        titles: dict[str, int] = {}
        for position, spec in enumerate(file.gates):
            at = ("gates", position)
            gate = self._built(gates.registry, spec, at)
            if gate is None:
                continue
            self._known("variant", getattr(gate, "variant", None), variants | {"best"}, at)
            self._known("baseline", getattr(gate, "baseline", None), variants, at)
            self._known("measure", getattr(gate, "measure", None), measured, at)
            if (title := getattr(gate, "title", None)) is None:
                self._problem(at, "found no property 'title'; expected what tells it from the other gates")
            elif title in titles:
                other = f"line {self.loaded.line(('gates', titles[title]))}"
                self._problem(at, f"asks the same as the gate on {other}: '{title}'; keep one of them")
            else:
                titles[title] = position
            yield gate

    def _known(self, what: str, name: object, known: set[str], at: _At) -> None:
        if name and name not in known:
            self._problem(at, f"unknown {what} '{name}'; {did_you_mean(str(name), known)}")

    def _built(self, registry: Registry[T], spec: object, at: _At) -> T | None:
        try:
            return registry.build(spec)
        except EvalkitError as error:
            self._problem(at, *error.problems)
            return None

    def _anchored(self, plugin: T) -> T:
        """Makes a plug-in's relative paths relative to the suite file."""
        if plugin is None:
            return plugin
        paths = {
            f.name: self.path.parent / value
            for f in dataclasses.fields(plugin)  # type: ignore[arg-type]
            if isinstance(value := getattr(plugin, f.name), Path)
        }
        return dataclasses.replace(plugin, **paths) if paths else plugin  # type: ignore[type-var]

    def _problem(self, at: _At, *messages: str) -> None:
        where = ".".join(map(str, at))
        prefix = f"{self.path}:{self.loaded.line(at)}: " + (f"{where}: " if where else "")
        self.problems += (prefix + message for message in messages)


def _judged(measure: Judged, judges_: Mapping[str, Judge | None], *, answered: bool) -> Judged:
    """Gives a measure its judge.

    Raises:
        SuiteError: where nobody judges it, or nothing is there to judge.
    """
    name = str(measure)
    if measure.needs_answer and not answered:
        raise SuiteError(
            f"{name} judges answers, and no variant has an answerer; name one: answerer: extractive"
        )
    if name not in judges_ and "" not in judges_:
        raise SuiteError(f"{name} needs a judge; name one: judge: {{{name}: …}}")
    judge = judges_.get(name, judges_.get(""))
    if judge is not None and name not in judge.measures():
        decides = ", ".join(sorted(judge.measures()))
        raise SuiteError(f"its judge decides {decides}, not {name}; name another: judge: {{{name}: …}}")
    return dataclasses.replace(measure, judge=judge)
