"""The only file that imports MLflow: one parent run an evaluation, one child run a variant."""

from __future__ import annotations

import json
import logging
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import EvaluationError, MissingDependency

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Table", "Tracked", "find", "log", "promote"]

_BATCH = 1000
_PARAM_LENGTH = 6000
_QUIET = {
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""No telemetry, no lines of MLflow's own, retries for seconds; what the user has set stands."""

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_KNOCK = 2.0
"""Seconds in which a server must take a connection."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that MLflow shows and compares as a table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Tracked:
    """What one run of MLflow holds. `datasets` maps a name to its digest and source."""

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tables: Mapping[str, Table] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    children: Sequence[Tracked] = ()


def log(uri: str, experiment: str, tracked: Tracked, artifacts: Path | None = None) -> dict[str, str]:
    """Logs a run and its children.

    Args:
        uri: the tracking URI.
        experiment: the experiment's name, created where absent.
        tracked: what to log.
        artifacts: where a new experiment of an embedded store keeps its files; None leaves it to the server.

    Returns:
        Where it went: uri, experiment, run, and how to look at it: a page, or the command that shows it.

    Raises:
        MissingDependency: where MLflow is not installed.
        EvaluationError: where the store or server refused or did not answer.
    """
    client = _client(uri, "logging to MLflow")
    try:
        found = client.get_experiment_by_name(experiment)
        experiment_id = (
            found.experiment_id
            if found
            else client.create_experiment(
                experiment,
                artifact_location=artifacts.as_uri() if artifacts else None,
            )
        )
        run_id = _log(client, experiment_id, tracked, parent=None)
    except Exception as error:  # whatever its stores and clients raise, the verdict must stand
        raise EvaluationError(f"MLflow at {_without_password(uri)}: {_first_line(error)}") from error
    shown = _without_password(uri)
    look = {"page": f"{shown.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"}
    if not uri.startswith(("http:", "https:")):
        look = {"look": f"mlflow ui --backend-store-uri {shlex.quote(shown)}"}
    return {"uri": shown, "experiment": experiment, "run": run_id, **look}


def promote(uri: str, model: str, run_id: str, alias: str, tags: Mapping[str, str]) -> str:
    """Registers a run as a model's next version and moves an alias to it; returns the version.

    Raises:
        MissingDependency: where MLflow is not installed.
        EvaluationError: where the store or server refused or did not answer.
    """
    client = _client(uri, "moving an MLflow alias")
    from mlflow.exceptions import MlflowException

    try:
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        source = client.get_run(run_id).info.artifact_uri
        version = client.create_model_version(model, source, run_id, tags=dict(tags)).version
        client.set_registered_model_alias(model, alias, version)
    except MlflowException as error:
        raise EvaluationError(f"MLflow at {_without_password(uri)}: {_first_line(error)}") from error
    return str(version)


def find(uri: str, suite: str, *, alias: str | None, tag: tuple[str, str] | None) -> dict[str, str]:
    """Returns the tags of a suite's model version under an alias, or of its latest variant run with a tag.

    Raises:
        MissingDependency: where MLflow is not installed.
        EvaluationError: where nothing answers to it, or the store or server refused or did not answer.
    """
    client = _client(uri, "a baseline from MLflow")
    from mlflow.exceptions import MlflowException

    try:
        if alias is not None:
            return dict(client.get_model_version_by_alias(suite, alias).tags)
        experiment = client.get_experiment_by_name(f"evalkit/{suite}")
        key, value = tag or ("evalkit.variant", "")
        wanted = f"tags.`{key}` = '{value}' AND tags.`evalkit.spec` LIKE '%'"
        runs = (
            client.search_runs(
                [experiment.experiment_id], wanted, max_results=1, order_by=["attributes.start_time DESC"]
            )
            if experiment
            else []
        )
    except MlflowException as error:
        raise EvaluationError(f"MLflow at {_without_password(uri)}: {_first_line(error)}") from error
    if not runs:
        raise EvaluationError(
            f"MLflow at {_without_password(uri)}: no run of {suite} is tagged {key}={value}"
        )
    tags = dict(runs[0].data.tags)
    return {
        "variant": tags["evalkit.variant"],
        "spec": tags["evalkit.spec"],
        "run": str(runs[0].info.run_id),
    }


def _client(uri: str, feature: str) -> MlflowClient:
    """Opens a store or server, quietly.

    Raises:
        MissingDependency: where MLflow is not installed.
        EvaluationError: where the store cannot be opened, or no server takes a connection in time.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    _knock(uri)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise MissingDependency.needed_by(feature, "mlflow", "mlflow") from error
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except Exception as error:  # whatever its stores raise
        raise EvaluationError(f"MLflow at {_without_password(uri)}: {_first_line(error)}") from error


def _knock(uri: str) -> None:
    """Asks whether a server is there: MLflow's own client would ask again for seconds, and quote all it tried."""
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(uri)
    scheme, host = parts.scheme.partition("+")[0], parts.hostname or ""
    if scheme not in _PORTS or (getproxies().get(scheme) and not proxy_bypass(host)):
        return
    try:
        if host:
            socket.create_connection((host, parts.port or _PORTS[scheme]), timeout=_KNOCK).close()
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise EvaluationError(f"MLflow at {_without_password(uri)}: no server answers ({why})") from error
    if scheme not in {"http", "https"}:
        _open(uri)


def _open(uri: str) -> None:
    """Connects to a database once: MLflow would try a wrong password or name for minutes."""
    try:
        import sqlalchemy
    except ImportError:
        return  # it comes with MLflow, whose absence is said elsewhere
    try:
        sqlalchemy.create_engine(uri).connect().close()
    except Exception as error:  # whatever a driver raises, or its absence
        raise EvaluationError(f"MLflow at {_without_password(uri)}: {_first_line(error)}") from error


def _log(client: MlflowClient, experiment_id: str, tracked: Tracked, parent: str | None) -> str:
    from mlflow.entities import Metric, Param, RunTag

    now = time.time_ns() // 1_000_000
    tags = dict(tracked.tags)
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    if tracked.tables:
        tags["mlflow.loggedArtifacts"] = json.dumps(
            [{"path": path, "type": "table"} for path in tracked.tables]
        )
    run_id: str = client.create_run(experiment_id, run_name=tracked.name).info.run_id
    params = [Param(key, value[:_PARAM_LENGTH]) for key, value in tracked.params.items()]
    client.log_batch(run_id, params=params, tags=[RunTag(key, value) for key, value in tags.items()])
    metrics = (Metric(key, value, now, 0) for key, value in tracked.metrics.items())
    while batch := list(islice(metrics, _BATCH)):
        client.log_batch(run_id, metrics=batch)
    _log_datasets(client, run_id, tracked.datasets)
    for path, table in tracked.tables.items():
        content = {"columns": list(table.columns), "data": [list(row) for row in table.rows]}
        client.log_text(run_id, json.dumps(content, ensure_ascii=False), path)
    for path, text in tracked.texts.items():
        client.log_text(run_id, text, path)
    for child in tracked.children:
        _log(client, experiment_id, child, parent=run_id)
    client.set_terminated(run_id)
    return run_id


def _log_datasets(client: MlflowClient, run_id: str, datasets: Mapping[str, tuple[str, str]]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            # MLflow keeps 36 characters of a digest.
            Dataset(name=name, digest=digest[:36], source_type="evalkit", source=json.dumps({"uri": source})),
            tags=[InputTag("mlflow.data.context", name)],
        )
        for name, (digest, source) in datasets.items()
    ]
    if inputs:
        client.log_inputs(run_id, datasets=inputs)


def _without_password(uri: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
