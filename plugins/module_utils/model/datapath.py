# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of a datapath, and where its actions send a packet (ovs-actions(7); what they are called, lib/odp-util.c).

An action that is not known here is an error: to guess what it does to the packet would be to guess where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import INTERFACE_TYPES

_TUNNEL_TYPES = frozenset(INTERFACE_TYPES) - {"", "system", "internal", "tap", "patch"}
_BACKER = re.compile(r"\S+@(\S+): ")
_BRIDGE = re.compile(r"  (\S+):")
_PORT = re.compile(r"    (\S+) (\d+)/(\d+): \(([^:)]+)")
_PUSHED = re.compile(r"vid=(\d+)")
_KEY = re.compile(r"\b(?:key|vni|sid|tun_id)=(0x[0-9a-f]+)")
_ENDS = re.compile(r"(?:ipv[46]\(|ipv6_|,)src=([^,)]+),(?:ipv6_)?dst=([^,)]+)")
_ETHERNET = re.compile(r"eth\((?:src=([0-9a-f:]{17}))?,?(?:dst=([0-9a-f:]{17}))?\)")
# They look at the packet or count it, or send it to ovs-vswitchd. What is dropped simply has no output.
_HARMLESS = frozenset({"drop", "ct", "ct_clear", "meter", "hash", "userspace", "tnl_pop", "trunc"})
_MARKS = ("skb_priority(", "skb_mark(")  # beside the packet: its queue, and what the kernel's firewall may see


class UnknownActionError(ValueError):
    """An action of the datapath that may do anything to the packet."""


class Tunnel(NamedTuple):
    type: str
    tun_id: int  # its key or VNI; 0 if there is none
    tun_src: str
    tun_dst: str


class Output(NamedTuple):
    """A copy of the packet that leaves, and what became of it."""

    port: str | None  # interface; None if it leaves through a tunnel
    tunnel: Tunnel | None
    vlans: tuple[int, ...]  # its tags, the outermost first
    dl_src: str | None  # MAC addresses, where they were changed
    dl_dst: str | None
    rewritten: tuple[str, ...]  # what else was changed, in the words of the datapath


class Port(NamedTuple):
    name: str
    ofport: int
    number: int  # in the datapath; all tunnel ports of a type share one
    type: str

    @property
    def tunneled(self) -> bool:
        return self.type in _TUNNEL_TYPES


class Datapath(NamedTuple):
    name: str
    bridges: Mapping[str, list[Port]]


def parse_datapaths(text: str) -> list[Datapath]:
    """Read what ``dpif/show`` prints. Ports without a device are not there."""
    found: list[Datapath] = []
    ports: list[Port] = []
    for line in text.splitlines():
        backer, bridge, port = _BACKER.match(line), _BRIDGE.fullmatch(line), _PORT.match(line)
        if backer:
            found.append(Datapath(backer[1], {}))
        elif bridge and found:
            ports = []
            found[-1] = found[-1]._replace(bridges={**found[-1].bridges, bridge[1]: ports})
        elif port:
            ports.append(Port(port[1], int(port[2]), int(port[3]), port[4]))
    return found


class _Frame(NamedTuple):
    """The packet on its way through the actions."""

    vlans: tuple[int, ...]
    dl_src: str | None = None
    dl_dst: str | None = None
    rewritten: tuple[str, ...] = ()
    tunnel: str | None = None  # for the next tunnel port: what set(tunnel(..)) says
    wrapped: bool = False  # in a tunnel's header: what follows happens to that, and tells nothing new

    def output(self, port: str | None, tunnel: Tunnel | None) -> Output:
        return Output(port, tunnel, self.vlans, self.dl_src, self.dl_dst, self.rewritten)


class Walk:
    """Follows one packet through the actions of all its passes; each but the first resumes one that was frozen."""

    def __init__(self, datapath: Datapath, vlans: tuple[int, ...] = ()) -> None:
        self._ports = {port.number: port for ports in datapath.bridges.values() for port in ports}
        self._frozen = {0: _Frame(vlans)}

    def outputs(self, recirculation: int, actions: str) -> list[Output]:
        """Return what leaves in a pass; UnknownActionError if that cannot be said."""
        if recirculation not in self._frozen:
            raise UnknownActionError(f"recirc({recirculation:#x})")
        return list(self._follow(actions, self._frozen[recirculation]))

    def _follow(self, actions: str, frame: _Frame) -> Iterator[Output]:
        for word, argument in split(actions):
            if word.isdigit():
                if not frame.wrapped:
                    yield self._output(int(word), frame)
            elif word == "clone":
                yield from self._follow(argument, frame)
            elif word == "sample":
                sampled = dict(split(argument.partition(",")[2]))
                yield from self._follow(sampled.get("actions", argument), frame)
            elif word == "tnl_push":
                yield frame.output(None, self._pushed(argument))
                frame = frame._replace(wrapped=True)
            elif word == "recirc":
                self._frozen[int(argument, 16)] = frame
            elif word not in _HARMLESS and not frame.wrapped:
                frame = _changed(frame, word, argument)

    def _output(self, number: int, frame: _Frame) -> Output:
        port = self._ports.get(number)
        if port is None or (port.tunneled and frame.tunnel is None):
            raise UnknownActionError(str(number))
        if port.tunneled:
            return frame.output(None, _tunnel(port.type, frame.tunnel or ""))
        return frame.output(port.name, None)

    def _pushed(self, argument: str) -> Tunnel:
        """Return the tunnel whose header is put on."""
        header = dict(split(argument))
        number = header.get("tnl_port", "")
        port = self._ports.get(int(number)) if number.isdigit() else None
        if port is None or not port.tunneled:
            raise UnknownActionError(f"tnl_push({argument})")
        return _tunnel(port.type, header.get("header", ""))


def split(actions: str) -> Iterator[tuple[str, str]]:
    """Yield (word, argument) of each action of a list; the argument is what the outer parentheses hold."""
    depth = start = 0
    for position, character in enumerate(f"{actions},"):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            word, _parenthesis, argument = actions[start:position].strip().partition("(")
            yield word, argument[:-1]
            start = position + 1


def _tunnel(kind: str, text: str) -> Tunnel:
    ends, key = _ENDS.search(text), _KEY.search(text)
    if not ends:
        raise UnknownActionError(text)
    return Tunnel(kind, int(key[1], 16) if key else 0, ends[1], ends[2])


def _changed(frame: _Frame, word: str, argument: str) -> _Frame:
    pushed = _PUSHED.search(argument)
    if word == "push_vlan" and pushed:
        return frame._replace(vlans=(int(pushed[1]), *frame.vlans))
    if word == "pop_vlan":
        return frame._replace(vlans=frame.vlans[1:])
    if word != "set":
        raise UnknownActionError(f"{word}({argument})" if argument else word)
    if argument.startswith("tunnel("):
        return frame._replace(tunnel=argument)
    if argument.startswith(_MARKS):
        return frame
    ethernet = _ETHERNET.fullmatch(argument)
    if ethernet:
        return frame._replace(dl_src=ethernet[1] or frame.dl_src, dl_dst=ethernet[2] or frame.dl_dst)
    return frame._replace(rewritten=(*frame.rewritten, argument))
