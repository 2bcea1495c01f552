from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import digest
from evalkit.types import Span

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_known_digests() -> None:
    assert digest.of_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest.of_value("ä", 1) == hashlib.sha256('["ä",1]'.encode()).hexdigest()


def test_key_order_does_not_matter_and_structure_does() -> None:
    assert digest.of_value({"a": 1, "b": 2}) == digest.of_value({"b": 2, "a": 1})
    assert digest.of_value("ab", "c") != digest.of_value("a", "bc")


def test_dataclasses_are_objects_of_their_fields() -> None:
    assert digest.canonical_json(Span("d", 1, 2)) == '{"doc":"d","end":2,"heading":"","start":1}'


@given(json_values)
def test_canonical_json_is_stable(value: object) -> None:
    import json

    text = digest.canonical_json(value)
    assert digest.canonical_json(json.loads(text)) == text


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_a_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        digest.of_value(bad)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        digest.of_value({1})


def test_arrays_differ_by_type_shape_and_order() -> None:
    a = np.arange(6, dtype=np.int32)
    assert digest.of_arrays(a) == digest.of_arrays(a.copy())
    assert digest.of_arrays(a) != digest.of_arrays(a.astype(np.int64))
    assert digest.of_arrays(a) != digest.of_arrays(a.reshape(2, 3))
    assert digest.of_arrays(a[:3], a[3:]) != digest.of_arrays(a[3:], a[:3])
