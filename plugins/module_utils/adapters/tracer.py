# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bridge would do to packets that nobody sends, as ``ofproto/trace`` of ovs-vswitchd tells (ovs-vswitchd(8)).

Without a packet of its own a trace changes nothing: NORMAL learns no address, no counter moves, and nothing reaches a
port. One thing is sent, as a real packet would make the switch do: in the userspace datapath, the question for the MAC
address of a tunnel's other end, if that is not known.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.json_rpc import RefusedRequestError
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_control import SwitchControl
from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.datapath import (
    Datapath,
    Output,
    Port,
    Tunnel,
    UnknownActionError,
    Walk,
    parse_datapaths,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.trace import Rule, Trace, entered_by, parse_trace
from ansible_collections.tenantry.sdn.plugins.module_utils.model.trace_input import Inquiry
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

_BATCH = 100  # traces, of 0.3 ms each
_REST = 0.01  # seconds that ovs-vswitchd then has for others
_NEIGHBOUR = "neighbor cache miss"  # a trace then asks for it; a second one some ms later finds it
_NEIGHBOUR_SECONDS = 1.0
_NO_TUNNEL = "no OpenFlow tunnel port for this packet"
_NO_PROTOCOL = "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x88b5)"  # IEEE 802: for experiments


class Tracer:
    """Traces on one bridge, by the ovs-vswitchd beside a database. ``timeout`` (seconds) is for all together."""

    def __init__(self, database: str, bridge: str, timeout: float) -> None:
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._control = SwitchControl(database, timeout)
        self._bridge = bridge
        self._datapath = self._find(parse_datapaths(self._ask("dpif/show")))
        self._ports = {port.name: port for port in self._datapath.bridges[bridge]}
        self._numbered = {port.ofport: port for port in self._datapath.bridges[bridge]}

    def _find(self, datapaths: Sequence[Datapath]) -> Datapath:
        for datapath in datapaths:
            if self._bridge in datapath.bridges:
                return datapath
        known = ", ".join(sorted(name for datapath in datapaths for name in datapath.bridges)) or "none"
        raise BackendError(f"ovs-vswitchd has no bridge {self._bridge}; it has {known}. Write one of these.")

    def trace(self, inquiries: Sequence[Inquiry]) -> list[dict[str, Any]]:
        """Return what becomes of each packet; InvalidInput with all packets that Open vSwitch cannot read."""
        faults = Faults()
        found: list[dict[str, Any]] = []
        for index, inquiry in enumerate(inquiries):
            if index and not index % _BATCH:
                time.sleep(_REST)
            try:
                found.append(self._traced(inquiry))
            except RefusedRequestError as error:
                faults.add(f"{path_of('packets', index)}.flow", _reason(error, inquiry))
        self._control.close()
        faults.raise_any()
        return found

    def _traced(self, inquiry: Inquiry) -> dict[str, Any]:
        port = self._entry(inquiry)
        if port is None:
            return {"in_port": None, "outputs": [], "rules": [], "datapath_actions": []}
        trace = self._trace(f"in_port={port.ofport},{_tunnel_fields(inquiry.tunnel)}{inquiry.flow}", inquiry.ct_states)
        walk = Walk(self._datapath, trace.vlans)
        try:
            outputs = [output for resumed, actions in trace.passes for output in walk.outputs(resumed, actions)]
        except UnknownActionError as error:
            raise BackendError(
                f"Where a packet goes on bridge {self._bridge} cannot be said: tenantry.sdn does not know what the "
                f"datapath's action '{error}' does, of '{' and '.join(actions for _resumed, actions in trace.passes)}'."
            ) from None
        return {
            "in_port": port.name,
            "outputs": [_output(output) for output in outputs],
            "rules": [_rule(rule) for rule in trace.rules],
            "datapath_actions": [actions for _resumed, actions in trace.passes],
        }

    def _entry(self, inquiry: Inquiry) -> Port | None:
        """Return the port by which the packet enters, or None if there is none."""
        if inquiry.tunnel is None:
            return self._ports.get(inquiry.in_port or "")
        return next(self._takers(inquiry.tunnel), None)

    def _takers(self, tunnel: Tunnel) -> Iterator[Port]:
        """Let the switch say which of its tunnel ports takes what comes through a tunnel."""
        source, target = ("src", "dst") if family(tunnel.tun_src) == 4 else ("ipv6_src", "ipv6_dst")
        ends = f"{source}={tunnel.tun_src},{target}={tunnel.tun_dst}"
        for number in sorted({port.number for port in self._ports.values() if port.type == tunnel.type}):
            outer = f"in_port({number}),tunnel(tun_id={tunnel.tun_id:#x},{ends},ttl=64,flags(key)),{_NO_PROTOCOL}"
            try:
                bridge, ofport = entered_by(self._ask("ofproto/trace", self._datapath.name, outer))
            except RefusedRequestError as error:
                if _NO_TUNNEL not in error.reason:
                    raise
                continue
            if bridge == self._bridge:
                yield self._numbered[ofport]

    def _trace(self, flow: str, ct_states: Sequence[str]) -> Trace:
        options = [word for state in ct_states for word in ("--ct-next", state)]
        now = time.monotonic()
        until = now + min(_NEIGHBOUR_SECONDS, (self._deadline - now) / 2)
        text = self._ask("ofproto/trace", self._bridge, flow, *options)
        while _NEIGHBOUR in text and time.monotonic() < until:
            time.sleep(_REST)
            text = self._ask("ofproto/trace", self._bridge, flow, *options)
        try:
            return parse_trace(text)
        except ValueError as error:
            raise BackendError(
                f"What ovs-vswitchd says of a packet on bridge {self._bridge} cannot be read: {error}."
            ) from None

    def _ask(self, command: str, *arguments: str) -> str:
        if time.monotonic() > self._deadline:
            raise BackendError(
                f"ovs-vswitchd did not answer everything within {self._timeout:g} s. It is busy; ask about fewer "
                "packets in a task, or raise timeout."
            )
        return self._control.ask(command, *arguments)


def _reason(error: RefusedRequestError, inquiry: Inquiry) -> str:
    """Return what Open vSwitch has against a packet, without the packet itself."""
    return error.reason.strip().rpartition(f"{inquiry.flow}: ")[2]


def _tunnel_fields(tunnel: Tunnel | None) -> str:
    if tunnel is None:
        return ""
    version = "tun_" if family(tunnel.tun_src) == 4 else "tun_ipv6_"
    return f"tun_id={tunnel.tun_id:#x},{version}src={tunnel.tun_src},{version}dst={tunnel.tun_dst},"


def _output(output: Output) -> dict[str, Any]:
    return {
        **output._asdict(),
        "tunnel": output.tunnel and output.tunnel._asdict(),
        "vlans": list(output.vlans),
        "rewritten": list(output.rewritten),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {**rule._asdict(), "cookie": f"{rule.cookie:#x}"}
