"""Confluence's storage format -> Markdown: its macros, links, images and tasks as plain HTML, then the converter."""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING

from evalkit.backends import confined
from evalkit.corpus import markup

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

__all__ = ["VERSION", "to_markdown"]

VERSION = 2
"""Raised whenever the same page becomes another text."""

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_NAVIGATION = {
    "anchor", "attachments", "blog-posts", "breadcrumbs", "change-history", "children", "contentbylabel", "index",
    "listlabels", "livesearch", "navmap", "pagetree", "pagetreesearch", "recently-updated", "space-details", "toc",
    "toc-zone",
}  # fmt: skip
_SIGNS = {
    "cheeky": "😛", "cross": "❌", "information": "ℹ️", "laugh": "😀", "light-off": "🌙", "light-on": "💡",
    "minus": "➖", "plus": "➕", "question": "❓", "sad": "🙁", "smile": "🙂", "thumbs-down": "👎", "thumbs-up": "👍",
    "tick": "✅", "warning": "⚠️", "wink": "😉", "heart": "❤️", "broken-heart": "💔",
}  # fmt: skip
"""Signs of pages older than emoji; any other one is kept as its name."""
_PANELS = {"info", "note", "panel", "tip", "warning"}


def to_markdown(storage: str) -> tuple[str, Counter[str]]:
    """Returns a page's text, and what it holds that the text does not, counted by kind.

    Raises:
        ValueError: where it cannot be converted.
    """
    text, omitted = confined.run(convert, storage.encode())
    return text, Counter(omitted)


def convert(data: bytes) -> tuple[str, dict[str, int]]:
    """Does so in this process, without limits."""
    from bs4 import BeautifulSoup

    storage = data.decode()
    page = BeautifulSoup(_CDATA.sub(lambda match: html.escape(match[1]), storage), "html.parser")
    omitted: Counter[str] = Counter()
    omitted["extension"] += sum(held.find("ac:adf-fallback") is None for held in page("ac:adf-extension"))
    for gone in page(["ac:placeholder", "ac:adf-node", "ac:adf-attribute", "script", "style"]):
        gone.decompose()
    for image in page("ac:image"):
        target = image.find(["ri:attachment", "ri:url"])
        source = str(target.get("ri:filename") or target.get("ri:value") or "") if target else ""
        caption = image.find("ac:caption")
        if caption is not None:
            image.insert_after(caption)
            caption.name = "p"
        image.replace_with(page.new_tag("img", src=source, alt=str(image.get("ac:alt") or source)))
    for link in page("ac:link"):
        link.replace_with(_link(link))
    for task in page("ac:task"):
        _task(page, task)
    for tasks in page("ac:task-list"):
        tasks.name = "ul"
    for time in page("time"):
        time.replace_with(str(time.get("datetime") or time.get_text()))
    for sign in page("ac:emoticon"):
        name = str(sign.get("ac:name") or "")
        sign.replace_with(str(sign.get("ac:emoji-fallback") or _SIGNS.get(name) or (name and f":{name}:")))
    # The innermost first, so that a macro's body is plain HTML by the time it is moved.
    for macro in reversed(page(["ac:structured-macro", "ac:macro"])):
        _macro(page, macro, omitted)
    if not page.get_text(strip=True) and page.find("img") is None:
        return "", +omitted
    page.smooth()
    return markup.to_markdown(page), +omitted


def _macro(page: BeautifulSoup, macro: Tag, omitted: Counter[str]) -> None:
    name = str(macro.get("ac:name") or "")
    given = {
        str(item.get("ac:name") or ""): item.get_text(strip=True)
        for item in macro("ac:parameter", recursive=False)
    }
    body = macro.find("ac:rich-text-body", recursive=False)
    plain = macro.find("ac:plain-text-body", recursive=False)
    if name in _NAVIGATION:
        macro.decompose()
    elif name in {"include", "excerpt-include"}:
        target = macro.find("ri:page")
        title = str(target.get("ri:content-title") or "") if target else given.get("", "")
        macro.replace_with(_element(page, "p", f"(includes the page “{title}”)"))
    elif name in {"status", "jira"}:
        macro.replace_with(given.get("title") or given.get("key") or "")
    elif plain is not None:
        box = _element(page, "pre", plain.get_text())
        box["data-language"] = given.get("language", "").replace(" ", "-")
        if given.get("title"):
            macro.insert_before(_element(page, "p", given["title"]))
        macro.replace_with(box)
    elif body is not None:
        title = given.get("title") or (name.capitalize() if name in _PANELS - {"panel"} else "")
        if title:
            head = page.new_tag("p")
            head.append(_element(page, "strong", title))
            body.insert(0, head)
        body.name = "blockquote" if name in _PANELS else "div"
        macro.replace_with(body)
    else:
        omitted[f"{name or 'unnamed'} macro"] += 1
        macro.decompose()


def _link(link: Tag) -> str | Tag:
    """A link inside the wiki: its words, or the name of what it leads to."""
    body = link.find("ac:link-body")
    if body is not None:
        body.name = "span"
        return body
    words = link.find("ac:plain-text-link-body")
    target = link.find(["ri:page", "ri:attachment", "ri:space", "ri:user", "ri:blog-post"])
    named = (
        "ri:content-title", "ri:filename", "ri:space-key", "ri:username", "ri:account-id", "ri:userkey",
    )  # fmt: skip
    title = next((str(target[name]) for name in named if target.get(name)), "") if target else ""
    mention = "@" if title and target is not None and target.name == "ri:user" else ""
    return (words.get_text() if words else "") or mention + (title or str(link.get("ac:anchor") or ""))


def _task(page: BeautifulSoup, task: Tag) -> None:
    status, body = task.find("ac:task-status"), task.find("ac:task-body")
    done = status is not None and status.get_text(strip=True) == "complete"
    item = page.new_tag("li")
    item.append("[x] " if done else "[ ] ")
    if body is not None:
        body.name = "span"
        item.append(body)
    task.replace_with(item)


def _element(page: BeautifulSoup, name: str, text: str) -> Tag:
    made = page.new_tag(name)
    made.string = text
    return made
