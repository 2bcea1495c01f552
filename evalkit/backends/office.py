"""Office files and PDF -> Markdown, through markitdown. The home of markitdown.

Only its four converters run, on bytes in memory: none of its plug-ins, helper programs or downloads. Office files are
zips, so they are read to their end under caps before the converter sees them; both happen in a confined process.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import PurePosixPath

from evalkit.backends import confined
from evalkit.backends.archives import Caps, check_zip
from evalkit.errors import MissingDependency

__all__ = ["TYPES", "converter", "to_markdown"]

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".pdf": "application/pdf",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
_CAPS = Caps(count=10_000, member=100_000_000, total=300_000_000)
_FACTS = {"author": "dc:creator", "modified": "dcterms:modified", "title": "dc:title"}


def converter() -> str:
    """Returns the converter's name and version, or an empty string where it is not installed."""
    try:
        return f"markitdown {version('markitdown')}"
    except PackageNotFoundError:
        return ""


def to_markdown(name: str, data: bytes) -> tuple[str, dict[str, str]]:
    """Converts a file to Markdown; also returns its author, title and time of change, where it states them.

    Raises:
        ValueError: where it cannot be converted, or not within the limits of `confined`.
        MissingDependency: where markitdown is not installed.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if find_spec("markitdown") is None:
        raise MissingDependency(
            f"{name}: reading {suffix} files needs markitdown: pip install "
            "'evalkit-rag[office]', or leave them out with exclude"
        )
    return confined.run(convert, data, suffix)


def convert(data: bytes, suffix: str) -> tuple[str, dict[str, str]]:
    """Does so in this process, without limits."""
    stated = {} if suffix == ".pdf" else _properties(data)
    from markitdown import StreamInfo, converters

    kind = {
        ".docx": converters.DocxConverter,
        ".pdf": converters.PdfConverter,
        ".pptx": converters.PptxConverter,
        ".xlsx": converters.XlsxConverter,
    }[suffix]
    try:
        found = kind().convert(io.BytesIO(data), StreamInfo(extension=suffix, mimetype=TYPES[suffix]))
    except (MemoryError, SystemError):
        raise
    except Exception as error:
        raise ValueError(f"cannot be converted ({type(error).__name__}: {error!s:.100})") from error
    return re.sub(r"\n{3,}", "\n\n", found.markdown.replace("\x00", "")).strip() + "\n", stated


def _properties(data: bytes) -> dict[str, str]:
    """Reads what an Office file says about itself, after checking it as an archive."""
    file = io.BytesIO(data)
    check_zip(file, len(data), _CAPS)
    with zipfile.ZipFile(file) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return {}
        core = archive.read("docProps/core.xml").decode("utf-8", "replace")
    found = {fact: re.search(rf"<{tag}(?: [^>]*)?>([^<]*)</{tag}>", core) for fact, tag in _FACTS.items()}
    return {
        fact: html.unescape(match[1]).strip() for fact, match in found.items() if match and match[1].strip()
    }
