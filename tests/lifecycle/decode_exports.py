# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with the witnesses' Python: read datagrams as collector.py prints them, and print what others' libraries say.

NetFlow is read by ``netflow``, sFlow by os-ken's ``xflow``. Prints a line of JSON for each record of a UDP flow.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import netflow
from os_ken.lib.packet import ethernet, ipv4, packet, udp
from os_ken.lib.xflow import sflow

UDP = 17


def netflow_records(datagram: bytes) -> Iterator[dict[str, Any]]:
    parsed = netflow.parse_packet(datagram, {})
    assert parsed.header.version == 5
    for flow in (record.data for record in parsed.flows):
        if flow["PROTO"] == UDP:
            addresses = [socket.inet_ntoa(flow[name].to_bytes(4, "big")) for name in ("IPV4_SRC_ADDR", "IPV4_DST_ADDR")]
            yield {"flow": [*addresses, flow["SRC_PORT"], flow["DST_PORT"]], "packets": flow["IN_PACKETS"]}


def sflow_records(datagram: bytes) -> Iterator[dict[str, Any]]:
    parsed = sflow.sFlow.parser(datagram)
    agent = socket.inet_ntoa(parsed.agent_address.to_bytes(4, "big"))
    for sample in (sample.sample for sample in parsed.samples):
        for record in getattr(sample, "flow_records", ()):
            raw = record.flow_data
            if isinstance(raw, sflow.sFlowV5RawPacketHeader):
                headers = packet.Packet(b"".join(raw.header), parse_cls=ethernet.ethernet)
                network, transport = headers.get_protocol(ipv4.ipv4), headers.get_protocol(udp.udp)
                if network and transport:
                    flow = [network.src, network.dst, transport.src_port, transport.dst_port]
                    yield {"flow": flow, "packets": 1, "agent": agent, "sampling": sample.sampling_rate}


READERS = {"2055": netflow_records, "6343": sflow_records}

if __name__ == "__main__":
    for line in sys.stdin:
        port, sender, datagram = line.split()
        for record in READERS[port](bytes.fromhex(datagram)):
            print(json.dumps({"port": int(port), "sender": sender, **record}))
