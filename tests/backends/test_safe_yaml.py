from __future__ import annotations

import pytest

from evalkit.backends import safe_yaml

BOMB = "\n".join(["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)])


def test_data_and_lines() -> None:
    loaded = safe_yaml.load("a:\n  b: [1,\n    2]\nc: x\n")
    assert loaded.data == {"a": {"b": [1, 2]}, "c": "x"}
    assert loaded.line(("a", "b")) == 2
    assert loaded.line(("a", "b", 1)) == 3
    assert loaded.line(("c",)) == 4
    assert loaded.line(("a", "b", 7, "deep")) == 2
    assert loaded.line(("nowhere",)) == 1


def test_nothing_is_none() -> None:
    assert safe_yaml.load("").data is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 2: YAML aliases"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4: not valid YAML"),
        ("a: [1, 2\nb: 3", "line 2, column 2: not valid YAML"),
        ("a: \x01", "not valid YAML"),
        ("--- a\n--- b\n", "not valid YAML"),
        ("[" * 60 + "]" * 60, "nested deeper"),
        ("[" * 5000 + "]" * 5000, "not valid YAML"),
        ("x" * (safe_yaml.MAX_BYTES + 1), "at most 4,000,000"),
    ],
)
def test_unsafe_or_broken_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"YAML|stands twice|nested deeper") as caught:
        safe_yaml.load(text)
    assert message in str(caught.value)
