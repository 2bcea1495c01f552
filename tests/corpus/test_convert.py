from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.corpus.convert import to_document

PAGE = """<!doctype html><html><head><title>VPN</title>
<meta name="author" content="Ines"><meta name="access" content="security, engineering,security">
<meta name="modified" content="2026-01-02"><style>p {color: red}</style></head>
<body><h1>VPN setup</h1><p>Use my_file*name &amp; go.</p><script>alert(1)</script>
<table><tr><th>Port</th><th>Use</th></tr><tr><td>51820</td><td>tunnel</td></tr></table>
<pre><code>wg-quick up wg0</code></pre><ul><li>one</li></ul></body></html>"""


def test_front_matter_becomes_facts() -> None:
    document = to_document(
        "a/b.md",
        b"---\ntitle: Deploy\nauthor: Ines\nmodified: 2026-03-04\naccess: [eng, all]\ntags: [x, y]\n"
        b"---\n# Hi\n",
        uri="u",
    )
    assert document.text == "# Hi\n"
    assert (document.title, document.uri, document.modified_at) == ("Deploy", "u", "2026-03-04")
    assert document.acl == ("all", "eng")
    assert document.metadata["author"] == "Ines"
    assert document.metadata["tags"] == "x, y"
    assert document.metadata["content_type"] == "text/markdown"
    assert len(document.metadata["raw_sha256"]) == 64


def test_a_page_of_a_title_alone_says_its_title() -> None:
    assert to_document("x.md", b"---\ntitle: Old page\n---\n \n").text == "# Old page\n"
    page = b"<html><head><title>Old page</title></head><body></body></html>"
    assert to_document("x.html", page).text == "# Old page\n"


def test_no_access_means_public_and_the_title_falls_back() -> None:
    assert to_document("x.md", b"intro\n## First *heading* ##\n").acl == ()
    assert to_document("x.md", b"intro\n## First heading ##\n").title == "First heading"
    assert to_document("notes/plain.txt", b"words").title == "plain"


def test_html_becomes_markdown() -> None:
    document = to_document("v.html", PAGE.encode())
    assert document.title == "VPN"
    assert document.acl == ("engineering", "security")
    assert document.modified_at == "2026-01-02"
    assert document.metadata["author"] == "Ines"
    assert document.metadata["content_type"] == "text/html"
    assert "# VPN setup" in document.text
    assert "Use my_file*name & go." in document.text
    assert "| 51820 | tunnel |" in document.text
    assert "wg-quick up wg0" in document.text
    assert "alert" not in document.text
    assert "color" not in document.text


@pytest.mark.parametrize(
    "stated", ['class="language-sh x"', 'data-language="sh"', "", 'class="language-a`b"']
)
def test_code_and_cells_of_html(stated: str) -> None:
    page = (
        f"<pre {stated}>ls\n```\n</pre><table><tr><th>a|b</th></tr><tr><td><pre>x\ny</pre></td></tr></table>"
    )
    language = "sh" if '"' in stated and "sh" in stated else ""
    expected = f"````{language}\nls\n```\n````\n\n| a\\|b |\n| --- |\n| `x y` |\n"
    assert to_document("x.html", page.encode()).text == expected


@pytest.mark.parametrize(
    ("colspan", "cells"),
    [("3", " | | |"), ("0", " |"), ("²", " |"), ("9" * 5000, " |"), ("99999", " |" * 1000)],
)
def test_cells_over_several_columns(colspan: str, cells: str) -> None:
    page = f'<table><tr><th>a</th></tr><tr><td colspan="{colspan}">x</td></tr></table>'
    text = to_document("x.html", page.encode()).text
    assert text == f"| a |\n| --- |\n| x{cells}\n"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " JaVa\nScript:alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_links_that_run_something_lead_nowhere(link: str) -> None:
    page = f'<p>See <a href="{link}">this</a> and <img src="{link}" alt="that"> or <a href="/a?b=c:d">here</a></p>'
    text = to_document("x.html", page.encode()).text
    assert "alert" not in text
    assert "script" not in text.lower()
    assert "data:" not in text
    assert "this" in text
    assert "[here](/a?b=c:d)" in text


def test_html_nested_beyond_reason_is_unreadable() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        to_document("x.html", b"<div>" * 20_000 + b"x")


@pytest.mark.parametrize("run", [" ", "#", "\t", "# ", ","])
def test_long_runs_take_no_longer_than_they_are_long(run: str) -> None:
    """A pattern that tried every start of such a run would not end today."""
    many = run * 2_000_000
    document = to_document("x.md", f"---\naccess: 'a{run * 90_000}b'\n---\n# a{many}b".encode())
    assert document.title == f"a{many}b"
    assert len(document.acl) == (2 if run == "," else 1)


def test_the_first_heading_that_says_something() -> None:
    assert to_document("x.md", b"# #\n##  \n#no\n## Yes #1 ##\t\n# Later").title == "Yes #1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings(encoding: str) -> None:
    assert to_document("x.txt", "Prüfstand".encode(encoding)).text == "Prüfstand"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.txt", "Prüfstand".encode("latin-1"), "byte 2 is not UTF-8"),
        ("x.txt", "é".encode("utf-16")[:3], "is not UTF-16"),
        ("x.txt", b"a\x00b", "NUL character at position 1"),
        ("x.txt", b"", "holds no text"),
        ("x.md", b"---\ntags: x\n---\n \n", "holds no text"),
        ("x.html", b"<html><head></head><body></body></html>", "holds no text"),
        ("x.md", b"---\ntitle: [\n---\nbody", "front matter: line"),
        (
            "x.md",
            b"---\n" + b"a: b\n" * 50_000 + b"---\nbody",
            "front matter: 249,999 characters; at most 200,000",
        ),
        ("x.md", b"---\na: &a [1]\nb: *a\n---\nbody", "front matter: line 2: YAML aliases"),
    ],
)
def test_what_is_not_text_is_refused_with_a_reason(name: str, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        to_document(name, data)
    assert message in str(caught.value)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_text_without_front_matter_is_kept_exactly(text: str) -> None:
    if text.strip() and not text.startswith(("---", "\ufeff")):
        assert to_document("x.txt", text.encode()).text == text
