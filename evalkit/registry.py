"""Plug-ins by name: imported on use, parameters validated, misspellings answered. May import errors only.

A spec is written `name`, `{name: value}` (the first parameter) or `{name: {parameter: value}}`; a name with a
colon, `package.module:Class`, is a plug-in of the user's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from evalkit.errors import SuiteError, did_you_mean

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """A room's table of names.

    Args:
        kind: what the room holds, in the singular, for messages ("retriever").
        table: name -> "module:Class", a frozen dataclass.
    """

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def find(self, name: str) -> type[T]:
        """Imports and returns the class behind a name.

        Raises:
            SuiteError: for an unknown name or an import path that leads nowhere.
        """
        target = self._table.get(name, name)
        module, colon, attribute = target.partition(":")
        if not colon:
            raise SuiteError(f"unknown {self.kind} '{name}'; {did_you_mean(name, self._table)}")
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if name in self._table:
                raise
            raise SuiteError(
                f"{self.kind} '{name}': cannot import it ({error}); "
                "expected 'package.module:Class' of an importable module"
            ) from error
        if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
            raise SuiteError(f"{self.kind} '{name}' must be a dataclass, whose fields are its parameters")
        return cast("type[T]", found)

    def build(self, spec: object) -> T:
        """Makes the plug-in that a spec describes.

        Raises:
            SuiteError: one problem for every parameter that does not fit.
        """
        name, parameters = self.split(spec)
        cls = self.find(name)
        fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
        if not isinstance(parameters, Mapping):
            if not fields:
                raise SuiteError(f"{self.kind} '{name}' takes no parameters, found {parameters!r}")
            parameters = {next(iter(fields)): parameters}
        problems = [
            f"{self.kind} '{name}': unknown parameter '{key}'; {did_you_mean(str(key), fields)}"
            for key in parameters
            if key not in fields
        ]
        if problems:
            raise SuiteError(problems)
        return self._validated(name, cls, parameters)

    def name_of(self, plugin: T) -> str:
        """Returns the name by which a suite asks for a plug-in."""
        path = f"{type(plugin).__module__}:{type(plugin).__qualname__}"
        return next((name for name, target in self._table.items() if target == path), path)

    def split(self, spec: object) -> tuple[str, object]:
        """Splits a spec into its name and parameters (a mapping, or the first parameter's value)."""
        if isinstance(spec, str):
            return spec, {}
        if isinstance(spec, Mapping) and len(spec) == 1:
            name, parameters = next(iter(spec.items()))
            return str(name), {} if parameters is None else parameters
        raise SuiteError(
            f"a {self.kind} is written as a name, {{name: value}} or {{name: {{parameter: value}}}}; "
            f"found {spec!r}"
        )

    def _validated(self, name: str, cls: type[T], parameters: Mapping[str, object]) -> T:
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(cls).validate_python(dict(parameters))
        except ValidationError as error:
            raise SuiteError(
                f"{self.kind} '{name}'{_where(e['loc'])}: {e['msg'].removeprefix('Value error, ')}"
                # Without a location the input is every parameter, credentials among them.
                + ("" if e["type"] == "missing" or not e["loc"] else f"; found {e['input']!r}")
                for e in error.errors(include_url=False)
            ) from error
        except ValueError as error:
            raise SuiteError(f"{self.kind} '{name}': {error}") from error


def _where(location: tuple[int | str, ...]) -> str:
    return f" parameter '{'.'.join(map(str, location))}'" if location else ""
