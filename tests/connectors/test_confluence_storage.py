"""What stands on a Confluence page stands in its text, however it is nested."""

from __future__ import annotations

import re
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from evalkit.connectors.confluence_storage import to_markdown

macro = '<ac:structured-macro ac:name="{0}" ac:schema-version="1">{1}</ac:structured-macro>'.format
parameter = '<ac:parameter ac:name="{0}">{1}</ac:parameter>'.format
rich = "<ac:rich-text-body>{0}</ac:rich-text-body>".format
plain = "<ac:plain-text-body><![CDATA[{0}]]></ac:plain-text-body>".format
task = "<ac:task><ac:task-status>{0}</ac:task-status><ac:task-body>{1}</ac:task-body></ac:task>"


def table(*rows: tuple[str, ...]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tbody><tr>{'<th>h</th>' * len(rows[0])}</tr>{lines}</tbody></table>"


def test_code_keeps_its_language() -> None:
    code = macro(
        "code", parameter("language", "c#") + parameter("title", "x.cs") + plain("if (a < b) {\n  x();\n}\n")
    )
    assert to_markdown(code)[0] == "x.cs\n\n```c#\nif (a < b) {\n  x();\n}\n```\n"
    odd = macro("code", parameter("language", "x`\ny") + plain("z"))
    assert to_markdown(odd)[0] == "```\nz\n```\n"


def test_code_that_holds_a_fence_gets_a_longer_one() -> None:
    code = macro("code", parameter("language", "md") + plain("a\n```sh\nls\n```\n`````\nb"))
    assert to_markdown(code)[0] == "``````md\na\n```sh\nls\n```\n`````\nb\n``````\n"


def test_code_in_a_cell_stays_in_it() -> None:
    code = macro("code", parameter("language", "sh") + plain("ls | wc\n`x`"))
    assert (
        to_markdown(table((code, "<p>a|b</p>")))[0]
        == "| h | h |\n| --- | --- |\n| `` ls \\| wc `x` `` | a\\|b |\n"
    )


def test_a_table_in_a_cell_is_a_line_of_it() -> None:
    inner = table(("1", "<strong>2</strong>"), ("3", table(("4", "5"))))
    assert to_markdown(table(("a", inner), ("b", "c")))[0] == (
        "| h | h |\n| --- | --- |\n| a | h, h; 1, **2**; 3, h, h; 4, 5 |\n| b | c |\n"
    )


def test_tasks_in_a_cell_keep_their_state() -> None:
    tasks = (
        f"<ac:task-list>{task.format('complete', 'Ship')}{task.format('incomplete', 'Rest')}</ac:task-list>"
    )
    assert "| - [x] Ship - [ ] Rest | z |" in to_markdown(table((tasks, "z")))[0]


def test_signs_mentions_anchors_and_captions() -> None:
    page = (
        '<p>Done <ac:emoticon ac:name="tick" /> <ac:emoticon ac:name="blue-star" ac:emoji-fallback="🚀" /> '
        '<ac:emoticon ac:name="odd" />. Ask <ac:link><ri:user ri:userkey="8a" /></ac:link> or '
        '<ac:link><ri:user ri:account-id="5b:1" /></ac:link>, see <ac:link ac:anchor="Setup" /></p>'
        '<ac:image><ri:attachment ri:filename="a.png" /><ac:caption><p>The map</p></ac:caption></ac:image>'
    )
    said = "Done ✅ 🚀 :odd:. Ask @8a or @5b:1, see Setup\n\n![a.png](a.png)\n\nThe map\n"
    assert to_markdown(page) == (said, {})


def test_an_extension_without_a_fallback_is_counted() -> None:
    held = '<ac:adf-extension><ac:adf-node type="x">lost</ac:adf-node>{0}</ac:adf-extension>'.format
    assert to_markdown(held("") + "<p>a</p>") == ("a\n", {"extension": 1})
    assert to_markdown(held("<ac:adf-fallback><p>kept</p></ac:adf-fallback>")) == ("kept\n", {})


WRAPPERS = {
    "expand": lambda body: macro("expand", parameter("title", "t") + rich(body)),
    "panel": lambda body: macro("panel", parameter("bgColor", "#fff") + rich(body)),
    "info": lambda body: macro("info", rich(body)),
    "unknown": lambda body: macro("third-party", rich(body)),
    "layout": lambda body: (
        f"<ac:layout><ac:layout-section><ac:layout-cell>{body}</ac:layout-cell></ac:layout-section></ac:layout>"
    ),
    "cell": lambda body: table(("x", body), ("y", "z")),
    "list": lambda body: f"<ul><li>{body}</li></ul>",
    "task": lambda body: f"<ac:task-list>{task.format('complete', body)}</ac:task-list>",
}
LEAVES = {
    "words": "<p>{0} <em>{1}</em></p>",
    "code": macro("code", parameter("language", "sh") + plain("{0} | x\n```\n{1}")),
    "heading": "<h2>{0}</h2><p>{1}</p>",
    "status": "<p>" + macro("status", parameter("title", "{0}")) + " {1}</p>",
}
pages = st.recursive(
    st.sampled_from(sorted(LEAVES)).map(lambda name: LEAVES[name]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.builds(lambda name, body: WRAPPERS[name](body), st.sampled_from(sorted(WRAPPERS)), inner),
    ),
    max_leaves=12,
)


@given(pages)
def test_every_word_is_kept_in_order(page: str) -> None:
    number = count()
    storage = re.sub(r"\{[01]\}", lambda _: f"word{next(number)}.", page)
    text, omitted = to_markdown(storage)
    assert re.findall(r"word\d+\.", text) == [f"word{n}." for n in range(next(number))]
    assert omitted == {}
    assert all(line.endswith("|") for line in text.splitlines() if line.lstrip("> -").startswith("| y"))
