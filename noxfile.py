"""Every chore of the project, each in its own environment with the pinned versions."""

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PINNED = ("-c", "constraints.txt")
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def install(session: nox.Session, extras: str = "", *groups: str) -> None:
    """Installs evalkit with extras and dependency groups."""
    needed = [package for group in groups for package in GROUPS[group]]
    session.install(*PINNED, "-e", f".[{extras}]" if extras else ".", *needed)


@nox.session
def quickstart(session: nox.Session) -> None:
    """The main job on the project's own knowledge base: sync, evaluate, judge, report."""
    install(session, "dense,mlflow")
    session.run("evalkit", "sync", "suites/handbook", env=OFFLINE)
    session.run("evalkit", "run", "suites/handbook", *session.posargs, env=OFFLINE, success_codes=[0, 1, 3])


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite."""
    extras = "datasets,gdrive,llm,mlflow,notion,office,openvino,rank-bm25,ray,tokens"
    install(session, extras, "test")
    session.run("pytest", "-n", "2", *session.posargs, env=OFFLINE)


@nox.session
def gates(session: nox.Session) -> None:
    """The project's own suites as release gates."""
    install(session, "dense,mlflow", "test")
    session.run("evalkit", "sync", "suites/handbook", env=OFFLINE)
    session.run("pytest", "suites", *session.posargs, env=OFFLINE)


@nox.session
def ragas(session: nox.Session) -> None:
    """Judging with ragas, which holds other libraries back, in an environment of its own."""
    session.install("-c", "constraints-ragas.txt", "-e", ".[ragas]", "pytest", "hypothesis")
    session.run(
        "pytest",
        "tests/answerers",
        "tests/judges",
        "tests/golden/test_generate.py",
        *session.posargs,
        env=OFFLINE,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and the contract that imports point down."""
    install(session, "", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Static types, strict."""
    install(session, "", "types", "test")
    session.run("mypy")


@nox.session
def bench(session: nox.Session) -> None:
    """Ratios measured side by side, written to benchmarks/RESULTS.md."""
    install(session, "openvino,mlflow,rank-bm25,ray,tokens", "test", "bench")
    session.run("python", "-m", "benchmarks", *session.posargs, env=OFFLINE)
