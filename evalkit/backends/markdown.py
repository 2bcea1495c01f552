"""The only file that imports markdown-it-py: where a Markdown text's headings stand."""

from __future__ import annotations

import re

__all__ = ["headings"]

_LINE_END = re.compile(r"\r\n|\n|\r")


def headings(text: str) -> list[tuple[int, int, str]]:
    """Returns (offset of its line, level from 1, title) of every heading outside lists, quotes and code."""
    from markdown_it import MarkdownIt

    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    tokens = MarkdownIt("commonmark").parse(text)
    return [
        (starts[token.map[0]], int(token.tag[1]), tokens[number + 1].content)
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.map is not None and token.level == 0
    ]
