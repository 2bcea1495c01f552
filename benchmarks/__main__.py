"""Runs benchmarks and writes their tables: `python -m benchmarks [name ...]`.

Every module beside this one that has `main(data) -> str` is a benchmark; it returns Markdown. RESULTS.md keeps one
section a benchmark: running some replaces theirs and leaves the others. `data` is the folder of real data that
EVALKIT_DATA names, or None.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
SHARED = {"__main__", "sidebyside"}
SHOWN = ("numpy", "torch", "sentence-transformers", "openvino", "bm25s", "lmdb", "mlflow")
SECTION = re.compile(r"<!-- (\w+) -->\n.*?(?=<!-- \w+ -->|\Z)", re.DOTALL)
HEAD = """# Benchmarks

Written by `python -m nox -s bench`. Ratios are measured side by side, in one run, on one machine; read them rather than
the seconds.
"""


def main() -> None:
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in SHARED)
    asked = sys.argv[1:] or known
    if unknown := set(asked) - set(known):
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    named = os.environ.get("EVALKIT_DATA")
    for name in asked:
        module = importlib.import_module(f"benchmarks.{name}")
        start = perf_counter()
        try:
            body = module.main(Path(named) if named else None)
        except ImportError as error:
            body = f"Not run: {error}.\n"
        title = (module.__doc__ or name).splitlines()[0].rstrip(".:")
        took = f"*{perf_counter() - start:.0f} s on {machine()}.*"
        print(f"## {title}\n\n{body}\n{took}\n", flush=True)
        keep(name, f"<!-- {name} -->\n## {title}\n\n{body.rstrip()}\n\n{took}\n")


def keep(name: str, section: str) -> None:
    """Replaces one section of the results."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    sections = {found[1]: found[0].rstrip() + "\n" for found in SECTION.finditer(text)}
    sections[name] = section
    RESULTS.write_text("\n".join([HEAD, *(sections[key] for key in sorted(sections))]), encoding="utf-8")


def machine() -> str:
    """Says what the figures were measured on."""
    cpu = (
        re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
        if sys.platform == "linux"
        else None
    )
    versions = []
    for package in SHOWN:
        try:
            versions.append(f"{package} {version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    model = cpu[1] if cpu else platform.processor()
    return (
        f"{os.cpu_count()} × {model}, Python {platform.python_version()}, {', '.join(versions)}, "
        f"evalkit {commit()}"
    )


def commit() -> str:
    """Returns the short name of the commit measured, with a + where files were changed since."""
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or version("evalkit-rag")


if __name__ == "__main__":
    main()
