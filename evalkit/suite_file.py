"""The shape of suite.yaml, and its JSON Schema. May import the plug-in rooms' tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from evalkit import answerers, chunkers, connectors, gates, golden, judges, retrievers
from evalkit.registry import Registry

__all__ = ["RELEASE", "ReleaseFile", "ReportedFile", "SuiteFile", "VariantFile", "json_schema"]

T = TypeVar("T")
Spec = str | dict[str, Any]

RELEASE = "release"
"""The name under which the promoted release is run."""

SpecList = list[Spec] | Spec


class VariantFile(BaseModel):
    """One entry under `variants`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    chunker: Spec
    """How documents are cut into passages."""
    retriever: Spec
    """How passages are found."""
    answerer: Spec | None = None
    """How a question is answered from what was found; leave out to measure retrieval alone."""
    depth: Annotated[int, Field(gt=0, le=10_000)] | None = None
    """How many passages to retrieve, instead of the suite's depth."""


class ReleaseFile(BaseModel):
    """The release that was promoted last, or a variant until there is one."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    release: Annotated[str, Field(min_length=1)]
    """The variant that stands in until `evalkit promote` has written release.json."""


class SplitFile(BaseModel):
    """Halves of the golden set: tuning reads dev, gates read test."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The share of clusters that the test half holds; a cluster's hash decides its half."""


class ReportedFile(BaseModel):
    """A variant as a saved report describes it; it is run again on the present snapshot."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    report: Annotated[str, Field(min_length=1)]
    """A report file, beside this file."""
    variant: Annotated[str, Field(min_length=1)]
    """Which of its variants."""


class GridFile(BaseModel):
    """`grid`: a list means every combination."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    chunker: SpecList
    """Chunkers to combine."""
    retriever: SpecList
    """Retrievers to combine."""
    answerer: SpecList | None = None
    """Answerers to combine."""


class SuiteFile(BaseModel):
    """A golden set, a corpus, the variants to run over it and the gates a release must pass."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.-]+$")]
    """The suite's name, as reports and MLflow show it: letters, digits, '.', '_' and '-'."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for this suite: a person or a team that can be reached."""
    description: str = ""
    """What this suite protects, in a sentence."""
    requires: list[str] = []
    """Environment variables without which the suite cannot run; pytest then skips it and says why."""
    corpus: Annotated[dict[str, Spec], Field(min_length=1)]
    """The sources of documents: a name of your choice -> a connector."""
    golden: str | dict[str, Any]
    """The golden question set: a path beside this file, or {format: parameters}."""
    split: SplitFile | None = None
    """Keep a half of the questions for tuning (`evalkit run --split dev`); gates then read the other."""
    seed: int = 0
    """The seed of everything that draws at random."""
    depth: Annotated[int, Field(gt=0, le=10_000)] = 100
    """How many passages each variant retrieves for a question."""
    measures: Annotated[list[str], Field(min_length=1)]
    """What to measure, such as Recall@5, nDCG@10, Recall@4000c."""
    judge: Spec = {}
    """Who decides the judged measures: one judge, or a measure's name -> its judge."""
    variants: dict[str, VariantFile] = {}
    """The candidates to compare: a name of your choice -> chunker and retriever."""
    grid: GridFile | None = None
    """More variants: every combination of the listed chunkers and retrievers."""
    baseline: str | ReleaseFile | ReportedFile | None = None
    """The variant that the others are compared with; {release: NAME} is the promoted release, or NAME until then;
    {report: FILE, variant: NAME} is a variant of a saved report."""
    gates: list[dict[str, Any]] = []
    """What a release must meet."""


def json_schema() -> dict[str, Any]:
    """Returns the JSON Schema of suite.yaml, with every plug-in and its parameters."""
    schema = SuiteFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "evalkit suite"
    definitions = schema["$defs"]
    rooms: tuple[Registry[Any], ...] = (
        chunkers.registry,
        retrievers.registry,
        answerers.registry,
        connectors.registry,
        gates.registry,
        golden.registry,
        judges.registry,
    )
    for registry in rooms:
        definitions[registry.kind] = _plugin_schema(registry, definitions)
    spec = {"$ref": "#/$defs/connector"}
    schema["properties"]["corpus"]["additionalProperties"] = spec
    schema["properties"]["golden"] = {
        "description": schema["properties"]["golden"]["description"],
        "anyOf": [{"type": "string"}, {"$ref": f"#/$defs/{golden.registry.kind}"}],
    }
    judge = {"$ref": "#/$defs/judge"}
    schema["properties"]["judge"] = {
        "description": schema["properties"]["judge"]["description"],
        "anyOf": [judge, {"type": "object", "additionalProperties": judge}],
    }
    schema["properties"]["gates"]["items"] = {"$ref": "#/$defs/gate"}
    variant, grid = definitions["VariantFile"]["properties"], definitions["GridFile"]["properties"]
    for role in ("chunker", "retriever", "answerer"):
        one = {"$ref": f"#/$defs/{role}"}
        variant[role] = {**one, "description": variant[role]["description"]}
        # In a grid any parameter may be a list of alternatives, so only the names are checked there.
        grid[role] = {
            "description": grid[role]["description"],
            "anyOf": [{"type": "array"}, _names(role, rooms)],
        }
    return schema


def _names(role: str, rooms: tuple[Registry[Any], ...]) -> dict[str, Any]:
    registry = next(r for r in rooms if r.kind == role)
    return {"anyOf": [{"enum": list(registry)}, {"type": "object", "maxProperties": 1, "minProperties": 1}]}


def _plugin_schema(registry: Registry[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """`name`, `{name: value}` or `{name: {parameter: value}}`."""
    properties = {}
    for name in registry:
        parameters = TypeAdapter(registry.find(name)).json_schema(ref_template="#/$defs/{model}")
        definitions.update(parameters.pop("$defs", {}))
        parameters["additionalProperties"] = False
        parameters.pop("title", None)
        first = next(iter(parameters.get("properties", {}).values()), None)
        forms = [parameters, {"type": "null"}] + ([_without_default(first)] if first else [])
        properties[name] = {"anyOf": forms, "description": _summary(registry.find(name))}
    return {
        "anyOf": [
            {"enum": [name for name in registry if _complete(registry.find(name))]},
            {"type": "string", "pattern": ":"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": properties,
                "additionalProperties": False,
                "patternProperties": {":": True},
            },
        ]
    }


def _without_default(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"default", "title"}}


def _complete(cls: type[Any]) -> bool:
    """Whether every parameter has a default, so that the bare name will do."""
    return all(
        f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
        for f in dataclasses.fields(cls)
    )


def _summary(cls: type[Any]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]
