"""What README and docs show works: every suite is valid, every command exists, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from click import Command, Group

from evalkit.cli import cli
from evalkit.decision.readiness import load_readiness
from evalkit.suite_file import json_schema

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("suites/**/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(page.read_text(encoding="utf-8")) if name == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Path) -> None:
    for body in blocks(page, "console"):
        for line in body.splitlines():
            words = line.partition("#")[0].split()
            if not words or words[0] != "evalkit":
                continue
            command: Command = cli
            rest = words[1:]
            while isinstance(command, Group):
                found = command.commands.get(rest[0])
                assert found is not None, line
                command, rest = found, rest[1:]
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_is_valid(page: Path, tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    properties = json_schema()["properties"]
    for body in blocks(page, "yaml"):
        content = yaml.safe_load(body)
        if "corpus" in content:
            validator.validate(content)
        elif set(content) == {"gates"}:
            gates = {**json_schema(), "properties": {"gates": properties["gates"]}, "required": ["gates"]}
            jsonschema.Draft202012Validator(gates).validate(content)
        elif "items" in content:
            import datetime as dt

            path = tmp_path / "readiness.yaml"
            path.write_text(body)
            load_readiness(path, {"corpus.documents": 89.0}, dt.date(2026, 11, 24))
