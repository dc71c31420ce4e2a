# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an IP set of the kernel is: its type and options, and what it keeps of each element (ipset(8))."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import repeat
from operator import is_
from socket import AF_INET, inet_pton
from typing import Any, NamedTuple

HASHES = (
    *("hash:ip", "hash:net", "hash:mac", "hash:ip,mac", "hash:ip,mark", "hash:ip,port", "hash:net,port"),
    *("hash:net,net", "hash:ip,port,ip", "hash:ip,port,net", "hash:net,port,net", "hash:net,iface"),
)
BITMAPS = ("bitmap:ip", "bitmap:ip,mac", "bitmap:port")
LIST = "list:set"
TYPES = (*HASHES, *BITMAPS, LIST)
FAMILIES = ("inet", "inet6")
LONGEST_TIMEOUT = 2147483  # seconds: ipset(8)
DEFAULT_MAXELEM = 65536
DEFAULT_FAMILY = "inet"
EXTENSIONS = ("counters", "comment", "skbinfo")
_OF_IPV4, _ZERO = ("hash:ip", "hash:net"), bytes(4)


class Details(NamedTuple):
    """What a set keeps of an element beside the element; None where nobody has an opinion."""

    timeout: int | None = None  # seconds that are left; 0 is for ever
    nomatch: bool = False
    wildcard: bool = False
    packets: int | None = None
    bytes: int | None = None
    comment: str | None = None
    skbmark: str | None = None
    skbprio: str | None = None
    skbqueue: int | None = None


PLAIN = Details()
Members = Mapping[str, Details]  # by element, as ipset prints it


class PlainMembers(Members):
    """Elements of which nothing is known but that they are there, as in most sets, and the largest.

    Two large sets are told apart in half the time of two dicts, since Python looks one through in the order in which
    the other lies in memory.
    """

    def __init__(self, listed: Sequence[str]) -> None:
        self.elements = frozenset(listed)
        self._listed = listed if len(listed) == len(self.elements) else list(dict.fromkeys(listed))

    def __getitem__(self, element: str) -> Details:
        if element not in self.elements:
            raise KeyError(element)
        return PLAIN

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def are_plain(kind: str, texts: Collection[Any]) -> bool:
    """Say whether all are elements of an IPv4 set as ipset prints them, as most members of large sets are.

    inet_pton(3) takes no other text: four numbers of at most 255, none with a zero in front.
    """
    try:
        return kind in _OF_IPV4 and _ZERO not in map(inet_pton, repeat(AF_INET), texts)
    except (OSError, TypeError, ValueError):
        return False


class Header(NamedTuple):
    """What a set was created with. ``kept`` are words of options that nobody manages here, as bucketsize."""

    type: str
    family: str | None = None
    range: str | None = None
    hashsize: int | None = None
    maxelem: int | None = None
    timeout: int | None = None
    counters: bool = False
    comment: bool = False
    skbinfo: bool = False
    kept: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """A set as a task wants it; None where it has no opinion. ``unread`` are members as they were written."""

    path: str  # of its options in the task
    name: str
    present: bool = True
    type: str | None = None
    family: str | None = None
    range: str | None = None
    hashsize: int | None = None
    maxelem: int | None = None
    timeout: int | None = None
    counters: bool | None = None
    comment: bool | None = None
    skbinfo: bool | None = None
    purge: bool = True
    members: Members | None = None
    plain: bool = True  # nothing is said of a member beside that it is one
    found: str | None = None  # family of the members' addresses
    unread: Sequence[Any] | None = None


def has_family(kind: str) -> bool:
    return kind in HASHES and kind != "hash:mac"


def exchangeable(old: Header, new: Header) -> bool:
    """Say whether the kernel swaps sets with these headers, also while somebody matches them.

    It looks at what a set stores, not at how (``ip_set_swap`` in net/netfilter/ipset/ip_set_core.c).
    """
    return _stored(old) == _stored(new)


def _stored(header: Header) -> tuple[str, str | None]:
    method, dummy, stored = header.type.partition(":")
    return stored, DEFAULT_FAMILY if method == "bitmap" and stored != "port" else header.family


def settled(actual: Details, wanted: Details) -> bool:
    """Say whether an element is as wanted. Time goes by and packets come, so neither is a difference."""
    if actual == wanted:
        return True
    left, longest = actual.timeout or 0, wanted.timeout
    return (
        (actual.nomatch, actual.wildcard) == (wanted.nomatch, wanted.wildcard)
        and (longest is None or (0 < left <= longest if longest else not left))
        and (wanted.comment is None or wanted.comment == (actual.comment or ""))
        and all(
            getattr(wanted, field) is None or _number(getattr(wanted, field)) == _number(getattr(actual, field))
            for field in ("skbmark", "skbprio", "skbqueue")
        )
    )


def _number(value: Any) -> Any:
    """Return a value of skbinfo; the kernel does not print one that is zero."""
    return None if value in (0, "0x0/0x0", "0:0") else value


def merged(actual: Details, wanted: Details) -> Details:
    """Return the wanted details, and where there is no opinion those that are there."""
    chosen: dict[str, Any] = {
        field: new if new is not None else old for field, old, new in zip(Details._fields, actual, wanted)
    }
    return Details(**chosen)


def supported(details: Details, header: Header) -> Details:
    """Return what a set with this header can keep of the details."""
    if details is PLAIN or details == PLAIN:
        return PLAIN
    if header.timeout is None:
        details = details._replace(timeout=None)
    if not header.counters:
        details = details._replace(packets=None, bytes=None)
    if not header.comment:
        details = details._replace(comment=None)
    if not header.skbinfo:
        details = details._replace(skbmark=None, skbprio=None, skbqueue=None)
    return details


def all_plain(members: Members) -> bool:
    """Say whether nothing is known of any member but that it is one."""
    return isinstance(members, PlainMembers) or all(map(is_, members.values(), repeat(PLAIN)))


def needs(members: Members) -> dict[str, Any]:
    """Return the options that a set must have to keep the details of these members."""
    needed: dict[str, Any] = {}
    details = set(members.values())
    if any(one.timeout is not None for one in details):
        needed["timeout"] = 0
    if any(one.packets is not None or one.bytes is not None for one in details):
        needed["counters"] = True
    if any(one.comment for one in details):
        needed["comment"] = True
    if any(one.skbmark or one.skbprio or one.skbqueue is not None for one in details):
        needed["skbinfo"] = True
    return needed


def sized(needed: int) -> int:
    """Return the maxelem for this many elements: the next power of two, and never less than ipset's default."""
    return max(DEFAULT_MAXELEM, 1 << max(needed - 1, 0).bit_length())
