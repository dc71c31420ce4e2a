# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QoS profiles by editing the intent and running site: what arrives, what is lost meanwhile, what is left.

The datapath in userspace does not police what guests send, so that is recorded, and said; it does shape what they
receive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lifecycle_fabric import Fabric, network, tenant
from throughput import received_mbit

TENANTS = {"acme": tenant(network("gre"), "hv1", "hv2", "hv2")}
WITHIN = 0.15
LIMITS = (
    "*: QoS type=*",
    "*: QoS other_config:*",
    "*: Queue other_config:*",
    "*: Interface * ingress_policing_*=[1-9]*",
)


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    fabric = new_fabric(TENANTS, ["hv1", "hv2"])
    for hypervisor in fabric.fabric["hypervisors"].values():
        hypervisor["link_rate"] = "1Gbit"
    fabric.run("site")
    fabric.prove()
    return fabric


def profile(fabric: Fabric, receives: str) -> None:
    gold = {"ingress": {"rate": "3Mbit"}, "egress": {"max_rate": receives, "min_rate": "1Mbit"}}
    fabric.fabric["qos_profiles"] = {"gold": gold, "unused": {"ingress": {"rate": "1Mbit"}}}
    fabric.tenants["acme"]["ports"]["web-2"]["qos"] = "gold"


def limits(fabric: Fabric) -> list[str]:
    return fabric.traces(*LIMITS)


def plugs(fabric: Fabric) -> dict[str, Any]:
    """Return what tells whether a port was plugged in anew: its row, and its number."""
    return {host: fabric.vsctl(host, "--columns=_uuid,name,ofport list Interface") for host in fabric.hypervisors}


def test_a_profile_limits_changes_live_and_goes(fabric: Fabric) -> None:
    before, plugged = fabric.portable(), plugs(fabric)
    profile(fabric, receives="5Mbit")
    with fabric.pinging(("acme.web-1", "acme.web-2"), ("acme.web-3", "acme.web-1")) as pings:
        run = fabric.run("site")
    assert [ping.lost for ping in pings] == [[], []], pings
    tap = fabric.interface("acme.web-2")
    assert f"interface {tap}: its policing would do nothing: the datapath of bridge br-int (netdev) reads" in run.output
    assert limits(fabric) == [
        f"hv2: Interface {tap} ingress_policing_burst=2400",
        f"hv2: Interface {tap} ingress_policing_rate=3000",
        "hv2: QoS other_config:max-rate=5000000",
        "hv2: QoS type=linux-htb",
        "hv2: Queue other_config:max-rate=5000000",
        "hv2: Queue other_config:min-rate=1000000",
    ]
    assert received_mbit(fabric, "acme.web-1", "acme.web-2", 20) == pytest.approx(5, rel=WITHIN)
    assert received_mbit(fabric, "acme.web-1", "acme.web-3", 20) > 8, "not its neighbour"

    profile(fabric, receives="8Mbit")
    with fabric.pinging(("acme.web-1", "acme.web-2"), ("acme.web-3", "acme.web-1")) as pings:
        run = fabric.run("site")
    assert [ping.lost for ping in pings] == [[], []], pings
    assert {task.rpartition(" : ")[2] for host, task in run.changes()} == {"Limit what the ports send and receive"}
    assert received_mbit(fabric, "acme.web-1", "acme.web-2", 20) == pytest.approx(8, rel=WITHIN)

    del fabric.tenants["acme"]["ports"]["web-2"]["qos"]
    with fabric.pinging(("acme.web-1", "acme.web-2"), ("acme.web-3", "acme.web-1")) as pings:
        fabric.run("site")
    assert [ping.lost for ping in pings] == [[], []], pings
    assert received_mbit(fabric, "acme.web-1", "acme.web-2", 20) > 11
    assert fabric.portable() == before
    assert plugs(fabric) == plugged, "a port was plugged in anew"


def test_a_datapath_that_does_not_police_is_an_error_unless_the_role_is_told_otherwise(fabric: Fabric) -> None:
    profile(fabric, receives="5Mbit")
    fault = "its policing would do nothing: the datapath of bridge br-int (netdev) reads frames before they are policed"
    faults = fabric.refused("site", "-etenant_network_require_effect=true")
    assert list(faults) == ["hv2"]
    assert fault in faults["hv2"]
    assert limits(fabric) == []
    del fabric.tenants["acme"]["ports"]["web-2"]["qos"]
