"""Addresses by which networks lead inside, or to where clouds hand out credentials."""

from __future__ import annotations

import pytest

from evalkit.backends.addresses import resolve
from evalkit.errors import CorpusError


@pytest.mark.parametrize(
    "address",
    [
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:100.100.100.200",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "fd00:ec2::254",
        "fd20:ce::254",
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_credentials_of_clouds_are_never_asked(address: str, *, private: bool) -> None:
    with pytest.raises(CorpusError, match="is not a public one"):
        resolve(address, 443, private=private)


@pytest.mark.parametrize(
    "address",
    [
        "::127.0.0.1",
        "::ffff:0:7f00:1",
        "64:ff9b:1::7f00:1",
        "fec0::1",
        "5f00::1",
        "2001::1",
        "2130706433",
        "127.1",
    ],
)
def test_other_spellings_of_inner_addresses_are_not_public(address: str) -> None:
    with pytest.raises(CorpusError, match="is not a public one"):
        resolve(address, 443, private=False)


def test_private_networks_where_they_are_meant() -> None:
    for address in ("100.64.0.1", "fd00::1", "::1", "192.168.0.1"):
        assert resolve(address, 443, private=True) == address
    assert resolve("2606:4700::1111", 443, private=False) == "2606:4700::1111"
