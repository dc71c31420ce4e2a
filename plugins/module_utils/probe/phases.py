# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three phases of a measurement on one endpoint: listen, send, collect."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import Reply
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import listener
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.attacks import in_fragments, taken_back
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.connect import Connections
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.datagrams import Datagrams
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.echo import Echoes
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.flood import flood
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.interface import find_interface
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Marker, encode
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import Responder
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.sniffer import Sniffer
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target

_ROUND_SECONDS = 0.25  # between two echo requests to an address that has not answered
_FLOOD_ROUNDS = 3  # a lost frame must not pass for an isolated one
_FLOOD_PAUSE = 0.1  # seconds
_FRAME_PAUSE = 0.0005  # seconds; a switch that drops frames for want of buffers would hide a leak


@dataclass(frozen=True)
class Job:
    """What the module was asked to do."""

    run: str
    endpoint: Target
    targets: Sequence[Target]
    vlans: Sequence[int]
    port: int
    timeout: int  # seconds
    deadline: int  # seconds


def listen(job: Job) -> dict[str, Any]:
    """Start listening; a listener that is left from before ends."""
    own = job.endpoint
    interface = find_interface(own.name, own.mac)
    with contextlib.suppress(listener.NotListening):
        listener.stop(own.name)
    versions = {version for version in (4, 6) if own.addresses_of(version)}
    try:
        responder = Responder(interface.name, versions, job.port, job.run, own.name, own.services)
    except OSError as error:
        raise BackendError(
            f"{own.name}: cannot listen on TCP port {job.port} of {interface.name}: {error.strerror}. Choose a free "
            "one (port, or verify_port of the playbook)."
        ) from None
    listener.start(own.name, Sniffer(interface.name, job.run), responder, job.deadline)
    return {"interface": interface.name}


def send(job: Job) -> dict[str, Any]:
    """Ask all targets, then flood; leave what came of it with the listener."""
    interface = find_interface(job.endpoint.name, job.endpoint.mac)
    replies = _ask(job, interface.name)
    sent = _flood(job, interface.name)
    findings = {
        "interface": interface.name,
        "mtu": interface.mtu,
        "replies": [asdict(reply) for reply in replies],
        "sent": sent,
    }
    listener.keep(job.endpoint.name, findings)
    return {"answered": sum(reply.answered for reply in replies), "checks": len(replies), "frames": sum(sent.values())}


def collect(job: Job) -> dict[str, Any]:
    """Stop the listener and return the whole measurement of this endpoint."""
    measurement = listener.stop(job.endpoint.name)
    if "replies" not in measurement:
        raise BackendError(f"{job.endpoint.name}: nothing was sent from here. Run the phase 'send' before 'collect'.")
    return {"measurement": measurement}


def _ask(job: Job, interface: str) -> list[Reply]:
    """Run all checks at the same time, until all have an answer or the time is up."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket for each address and service of all targets
    echoes = Echoes(job.endpoint, job.targets, interface, job.run)
    connections = Connections(job.endpoint, job.targets, interface, job.port, job.run)
    datagrams = Datagrams(job.endpoint, job.targets, interface, job.run)
    until = time.monotonic() + job.timeout
    with selectors.DefaultSelector() as selector:
        echoes.register(selector)
        connections.register(selector)
        datagrams.register(selector)
        next_round = time.monotonic()
        while time.monotonic() < until and not (echoes.settled and connections.settled and datagrams.settled):
            if time.monotonic() >= next_round:
                echoes.send()
                datagrams.send()
                next_round += _ROUND_SECONDS
            for key, _events in selector.select(max(0.0, next_round - time.monotonic())):
                key.data(key.fileobj)
    echoes.close()
    connections.close()
    datagrams.close()
    return [*echoes.replies(), *connections.replies(), *datagrams.replies()]


def _flood(job: Job, interface: str) -> dict[str, int]:
    """Send some rounds of frames of every kind; return how many of each."""
    sent: Counter[str] = Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind((interface, 0))
        for number in range(1, _FLOOD_ROUNDS + 1):

            def mark(kind: str, receiver: str, address: str, number: int = number) -> bytes:
                return encode(Marker(job.run, job.endpoint.name, kind, receiver, address, number))

            once = in_fragments(job.endpoint, job.targets, job.port, mark) if number == 1 else ()
            for kind, frame in [*once, *flood(job.endpoint, job.targets, job.vlans, job.port, mark)]:
                wire.send(frame)
                sent[kind] += 1
                time.sleep(_FRAME_PAUSE)
            time.sleep(_FLOOD_PAUSE)
        for frame in taken_back(job.endpoint) if job.endpoint.guarded else ():
            wire.send(frame)
    return dict(sent)
