# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPNs of routers, by real peers: two sites of one tenant; the laptop and two more sites of another somewhere outside.

All tenants have the same subnets, two the same addresses in their tunnels, on one hypervisor. The third one's router
stands on both, with a site of its own.
"""

from __future__ import annotations

import base64
import copy
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import packets
import pytest
from laptop import Laptop
from lifecycle_fabric import MOST_TASKS_OF_NOTHING, Fabric, port
from oracle import Oracle
from packets import wait_until
from sites import Sites
from talks import PERIOD, Talk

HERE = Path(__file__).parent
CORE, LAPTOP_IP = "198.51.100.1", "198.51.100.7"
PHONES_CORE, PHONE_IP = "198.51.101.1", "198.51.101.7"
EDGE, NEAR_IP, FAR_IP, TWICE = "203.0.113.10", "203.0.113.20", "203.0.113.21", "203.0.113.30"
WEB, DB, LAB = "10.1.1.10", "10.1.2.10", "10.2.1.10"
LARGEST = 1500 - 60 - 28  # bytes of a ping that fits the tunnel


class KeyPair(NamedTuple):
    private: str
    public: str


# Keys of nobody.
LAPTOP = KeyPair("GN4076eawKFD2bru/gbOhIgS8hkTK/2x22eBsemsM38=", "q6S+T8whGFyyHcvI9Gm4E+QpxrtH72fVXT/p3nDFu3Q=")
NEAR = KeyPair("oGKjJlrYfXFes/GfXPpnQzF29p5OdfL7Lp/1heynxWI=", "nZ0wBbgXqbc+e/k2E2kqivPE+F7NgB0PY3L9h02LjFg=")
FAR = KeyPair("CP+T1FUV3jMXpxd1Bm6sd1PkH8ZED5Z3+vNmsa1DB30=", "C37u0P8VSRsw5poCHPQ/OoSWtVISMpeDdpWlLpm9BkQ=")
TWINS = KeyPair("kHz4VinLNzYPMwLIreeTzC8ym1hwpBc8WOCONB5F1ng=", "1WQPABHt/1vTpfaNFK57FQgAiOSps8m/jXojTgmVsX8=")
SHARED = "154m6KqGZLk8Vhj903OFmX03dlkpSI/s9TkxbwdJA5A="
KEYS = {  # of IPsec
    "branch": "the first key of the branch's",
    "depot": "what only the depot's end knows, \\ and $we",
    "shop": "the key that the shop has, alone",
}
ENCODED = base64.b64encode(KEYS["branch"].encode()).decode()  # as strongSwan is given it
NEXT_KEY = "the next key of the branch's"
SECRETS = {
    **{"acme-laptop": SHARED, "globex-near": NEAR.private, "globex-far": FAR.private, "unused": LAPTOP.private},
    **{"initech-twice": TWINS.private},
    **{f"acme-{name}": key for name, key in KEYS.items()},
}
PLACES = {
    "branch": ("192.0.2.9", "192.168.60.0/24", EDGE),
    "depot": ("192.0.2.10", "192.168.61.0/24", EDGE),
    "shop": ("192.0.2.11", "192.168.62.0/24", TWICE),
}
BRANCH, DEPOT, SHOP = "192.168.60.1", "192.168.61.1", "192.168.62.1"
LARGEST_TO_SITE = 1500 - 101 - 28


def router(host: str, ip: str, networks: list[str], vpn: dict[str, Any], *sites: str) -> dict[str, Any]:
    return {
        "hypervisors": host,
        "networks": {name: {} for name in networks},
        "external": {"network": "internet", "ip": ip},
        "vpn": {"office": {"type": "wireguard", **vpn}, **{name: site(name) for name in sites}},
    }


def site(name: str) -> dict[str, Any]:
    remote, subnet, _router = PLACES[name]
    given = {"type": "ipsec", "remote": remote, "remote_subnets": subnet, "networks": "web", "psk": f"acme-{name}"}
    return {**given, "remote_id": f"{name}.example.org"}


def gre(subnet: str) -> dict[str, str]:
    return {"type": "gre", "subnet": subnet}


TENANTS: dict[str, Any] = {
    "acme": {
        "networks": {"web": gre("10.1.1.0/24"), "db": gre("10.1.2.0/24")},
        "routers": {
            "edge": router(
                "hv1",
                EDGE,
                ["web", "db"],
                {
                    "address": "10.99.0.1/24",
                    "peers": {
                        "laptop": {
                            "public_key": LAPTOP.public,
                            "allowed_ips": "10.99.0.2",
                            "preshared_key": "acme-laptop",
                            "networks": "web",
                        },
                    },
                },
                *("branch", "depot"),
            )
        },
        "ports": {"web-1": port("hv1", "web", WEB), "db-1": port("hv1", "db", DB)},
    },
    "globex": {
        "networks": {"web": gre("10.1.1.0/24"), "lab": gre("10.2.1.0/24")},
        "routers": {
            "near": router(
                "hv1",
                NEAR_IP,
                ["web"],
                {
                    "address": "10.99.0.1/24",
                    "private_key": "globex-near",
                    "peers": {
                        "far": {
                            "public_key": FAR.public,
                            "allowed_ips": ["10.99.0.2", "10.2.1.0/24"],
                            "endpoint": f"{FAR_IP}:51820",
                        }
                    },
                },
            ),
            "far": router(
                "hv2",
                FAR_IP,
                ["lab"],
                {
                    "address": "10.99.0.2/24",
                    "private_key": "globex-far",
                    "peers": {
                        "near": {
                            "public_key": NEAR.public,
                            "allowed_ips": ["10.99.0.1", "10.1.1.0/24"],
                            "endpoint": f"{NEAR_IP}:51820",
                        }
                    },
                },
            ),
        },
        "ports": {"web-1": port("hv1", "web", WEB), "lab-1": port("hv2", "lab", LAB)},
    },
    "initech": {
        "networks": {"web": gre("10.1.1.0/24")},
        "routers": {
            "twice": {
                "hypervisors": ["hv1", "hv2"],
                "networks": {"web": {}},
                "external": {"network": "internet", "ip": TWICE},
                "vpn": {
                    "shop": site("shop"),
                    "road": {
                        "type": "wireguard",
                        "address": "10.99.0.1/24",
                        "private_key": "initech-twice",
                        "peers": {"phone": {"public_key": LAPTOP.public, "allowed_ips": "10.99.0.2"}},
                    },
                },
            }
        },
        "ports": {"web-1": port("hv2", "web", WEB)},
    },
}
EXTERNAL = {"internet": {"type": "flat", "physical_network": "physnet1", "subnet": "203.0.113.0/24"}}
STRONGSWAN = ("charon-systemd", "libcharon-extra-plugins", "libstrongswan-standard-plugins", "strongswan-swanctl")
REDUNDANCY = ("keepalived", "conntrackd", "conntrack")
TRACES = """
ls -d /etc/tenantry/* /etc/systemd/system/tenantry-* /run/tenantry-[ir]* /run/wireguard /run/netns/tenantry-* 2>&1
systemctl list-units --all --plain --no-legend 'tenantry-*@*'
ip -o link | grep -o 'wg-[0-9a-f]*'
exit 0
"""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("vault") / "secrets.json"
    file.write_text(json.dumps({"tenantry_secrets": SECRETS}))
    return f"-e@{file}"


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric], secrets: str) -> Fabric:
    packages = ["dnsmasq-base", "nftables", "wireguard-go", "wireguard-tools", *STRONGSWAN, *REDUNDANCY]
    options = ["-etwin_driver=systemd", f"-e{json.dumps({'twin_packages': packages})}"]
    return new_fabric(copy.deepcopy(TENANTS), ["hv1", "hv2"], options=options, external_networks=EXTERNAL)


@pytest.fixture(scope="module")
def before(fabric: Fabric) -> dict[str, str]:
    return traces(fabric)


def traces(fabric: Fabric) -> dict[str, str]:
    dumps = fabric.portable()
    return {host: "\n".join([fabric.twin.run(host, "sh", "-c", TRACES), *dumps[host]]) for host in fabric.hypervisors}


@pytest.fixture(scope="module")
def public_keys(fabric: Fabric, before: dict[str, str], secrets: str) -> dict[str, str]:
    """Converge, and return the key of each router, as the play tells it. No secret is ever shown."""
    run = fabric.run("site", "--diff", "-vvv", secrets)
    again = fabric.run("site", secrets)
    assert again.changes() == {}, again.summary()
    assert max(again.tasks().values()) <= MOST_TASKS_OF_NOTHING + 1, again.summary()
    assert [name for name, secret in SECRETS.items() if secret in run.output] == []
    keys = {
        name: fabric.twin.run(host, "sh", "-c", f"wg pubkey </etc/tenantry/routers/{name}/secrets/{file}").strip()
        for name, host, file in (
            ("acme.edge", "hv1", "wireguard.key"),
            ("globex.near", "hv1", "globex-near"),
            ("globex.far", "hv2", "globex-far"),
        )
    }
    assert [name for name, key in keys.items() if f"The public key of {name} is {key}\n" not in again.output] == []
    return keys


@pytest.fixture(scope="module")
def laptop(fabric: Fabric, public_keys: dict[str, str]) -> Iterator[Laptop]:
    laptop = Laptop(fabric, "laptop", LAPTOP_IP, CORE)
    try:
        call(laptop, public_keys)
        yield laptop
    finally:
        laptop.end()


def call(laptop: Laptop, public_keys: dict[str, str]) -> None:
    laptop.call(EDGE, LAPTOP.private, public_keys["acme.edge"], SHARED)


@pytest.fixture(scope="module")
def phone(fabric: Fabric, public_keys: dict[str, str]) -> Iterator[Laptop]:
    phone = Laptop(fabric, "phone", PHONE_IP, PHONES_CORE)
    try:
        phone.call(TWICE, LAPTOP.private, TWINS.public)
        yield phone
    finally:
        phone.end()


@pytest.fixture(scope="module")
def sites(fabric: Fabric, public_keys: dict[str, str]) -> Sites:
    return Sites(fabric, "10.1.1.0/24", PLACES)


def wire(fabric: Fabric) -> list[str]:
    """Return what all frames between hypervisors and the L3 core come by, but for tunnels between hypervisors."""
    links = json.loads(fabric.twin.run("underlay", "ip", "-json", "link"))
    return [link["ifname"] for link in links if link.get("master", "").startswith("n-")]


def traced(fabric: Fabric, sender: str, receiver: str) -> str:
    return Oracle(fabric).told(sender, receiver, proto="icmp", port=None)


def test_two_sites_and_a_laptop_are_joined_and_the_wire_shows_wireguard_alone(
    fabric: Fabric, laptop: Laptop, sites: Sites, public_keys: dict[str, str]
) -> None:
    """All tenants' packets have the same addresses inside, and none of one comes to another."""
    assert public_keys["globex.near"] == NEAR.public
    script = (HERE / "kinds.py").read_text()
    places = {"underlay": wire(fabric), "acme.web-1": ["eth0"], "globex.web-1": ["eth0"]}
    programs = {host: ["/usr/bin/python3", "-c", script, *devices] for host, devices in places.items()}
    with packets.running(fabric.twin, programs) as lines:
        assert laptop.pings(WEB)
        assert laptop.pings(WEB, LARGEST)
        assert fabric.twin.pings("globex.lab-1", WEB)
        assert fabric.twin.pings("globex.lab-1", WEB, LARGEST)
        assert fabric.twin.pings("globex.web-1", LAB)
        assert fabric.twin.pings("acme.web-1", "10.99.0.2")
        assert not laptop.pings(DB, patience=2), "the laptop is joined with another network"
        assert wait_until(lambda: f"icmp {LAB} > {WEB}" in lines["globex.web-1"])
    assert traced(fabric, "10.99.0.2", "acme.web-1") == "10.99.0.2 reaches acme.web-1, and the answer comes back."
    assert traced(fabric, "globex.lab-1", "globex.web-1").startswith(
        "globex.lab-1 reaches globex.web-1, and the answer"
    )
    assert traced(fabric, "globex.web-1", LAB) == "globex.web-1 reaches globex.lab-1, and the answer comes back."
    assert traced(fabric, "acme.web-1", "10.99.0.2") == (
        "acme.web-1 gets to 10.99.0.2 by peer laptop of VPN office of router acme.edge, and the answer comes back."
    )
    assert traced(fabric, "10.99.0.2", "acme.db-1") == (
        "10.99.0.2 does not reach acme.db-1: router acme.edge is between them, and "
        "tenants.acme.routers.edge.vpn.office.peers.laptop does not join acme.db."
    )
    to_wireguard = {f"udp {one} > {other} 51820" for one, other in ((NEAR_IP, FAR_IP), (FAR_IP, NEAR_IP))}
    seen = {line for line in lines["underlay"] if "192.0.2." not in line} - {"ready", "ipv6"}
    assert to_wireguard <= seen
    assert {line for line in seen - to_wireguard if not line.startswith("udp ")} == set()
    assert {tuple(line.split()[1:4:2]) for line in seen - to_wireguard} == {(EDGE, LAPTOP_IP), (LAPTOP_IP, EDGE)}
    assert {line for line in lines["acme.web-1"] if "icmp" in line} == {
        f"icmp 10.99.0.2 > {WEB}",
        f"icmp {WEB} > 10.99.0.2",
    }
    assert {line for line in lines["globex.web-1"] if "icmp" in line} == {f"icmp {LAB} > {WEB}", f"icmp {WEB} > {LAB}"}


def test_verify_asks_from_one_site_to_the_other(fabric: Fabric, public_keys: dict[str, str]) -> None:
    """Five ends are elsewhere: the laptop, the phone, and three sites."""
    told = fabric.run("verify", "-everify_attack=false").output
    assert "Not measured of the outside: 5 VPNs to elsewhere." in told
    assert "9 reach, 16 isolated, 0 wrong." in told


def test_other_sites_are_joined_by_ipsec_alone(fabric: Fabric, sites: Sites) -> None:
    """Before a tunnel is there, after it fell, and where keys differ, nothing leaves in the clear."""
    script = (HERE / "kinds.py").read_text()
    reaches = fabric.twin.pings
    with packets.running(fabric.twin, {"underlay": ["/usr/bin/python3", "-c", script, *wire(fabric)]}) as lines:
        assert not reaches("acme.web-1", BRANCH, patience=1)
        with sites.answering({**KEYS, "branch": NEXT_KEY}):
            assert wait_until(lambda: reaches("acme.web-1", DEPOT, patience=1))
            assert not reaches("acme.web-1", BRANCH, patience=1), "a wrong key is taken"
            sites.know(KEYS)
            assert wait_until(lambda: reaches("acme.web-1", BRANCH, patience=1))
            assert reaches("acme.web-1", BRANCH, LARGEST_TO_SITE)
            assert not reaches("acme.db-1", BRANCH, patience=1), "another network is joined"
            assert " by VPN branch of router acme.edge, and the answer " in traced(fabric, "acme.web-1", BRANCH)
            assert "edge.vpn.branch does not join acme.db." in traced(fabric, "acme.db-1", BRANCH)
            sites.sh(f"ip netns exec branch ping -c1 -W1 -I {BRANCH} {WEB}")
            with packets.pinging(fabric.twin, {"acme.web-1": BRANCH}) as pings:
                fabric.twin.run("hv1", "systemctl", "kill", "--signal=KILL", "tenantry-ipsec@acme.edge")
                assert wait_until(lambda: not reaches("acme.web-1", DEPOT, patience=1))
                assert wait_until(lambda: reaches("acme.web-1", BRANCH, patience=1))
            assert pings[0].lost != []
        assert not reaches("acme.web-1", BRANCH, patience=1)
        fabric.twin.run("hv1", "systemctl", "stop", "tenantry-wireguard@acme.edge")
        assert not reaches("acme.web-1", "10.99.0.2", patience=1)
        fabric.twin.run("hv1", "systemctl", "start", "tenantry-wireguard@acme.edge")
    ends = [(place[0], place[2]) for name, place in PLACES.items() if name != "shop"]
    esp = {f"esp {one} > {other}" for pair in ends for one, other in (pair, pair[::-1])}
    assert esp <= set(lines["underlay"])
    assert [line for line in lines["underlay"] if "192.168.6" in line or "10.99." in line] == []


def holder(fabric: Fabric) -> str:
    """Return which hypervisors have the addresses of the router that stands on both."""
    show = ("ip", "-n", "tenantry-initech.twice", "-oneline", "address")
    return ",".join(host for host in fabric.hypervisors if f"{TWICE}/24" in fabric.twin.run(host, *show))


def test_the_other_hypervisor_takes_the_tunnels_over_and_nothing_leaves_in_the_clear(
    fabric: Fabric, sites: Sites, phone: Laptop
) -> None:
    script, remote = (HERE / "kinds.py").read_text(), PLACES["shop"][0]
    sniffer = {"underlay": ["/usr/bin/python3", "-c", script, *wire(fabric)]}
    with sites.answering(KEYS), packets.running(fabric.twin, sniffer) as lines:
        assert wait_until(lambda: fabric.twin.pings("initech.web-1", SHOP, patience=1))
        talk = phone.talk("initech.web-1", WEB, 7001)
        worker = holder(fabric)
        [other] = {"hv1", "hv2"} - {worker}
        since = time.monotonic()
        fabric.twin.run(worker, "systemctl", "kill", "--signal=KILL", "tenantry-keepalived@initech.twice")
        assert wait_until(lambda: holder(fabric) == other, 10)
        assert wait_until(lambda: fabric.twin.pings("initech.web-1", SHOP, patience=1), 20)
        gap = time.monotonic() - since
        heard = talk.heard
        assert wait_until(lambda: goes_on(talk, heard), 30)
        roaming = time.monotonic() - since
    print(f"IPsec is by the other hypervisor after {gap:.1f} s, WireGuard after {roaming:.1f} s")
    assert gap < 10
    assert roaming < 30
    about = {line for line in lines["underlay"] if remote in line or "192.168.62." in line}
    esp = {f"esp {TWICE} > {remote}", f"esp {remote} > {TWICE}"}
    assert esp <= about
    assert {line.split()[-1] for line in about - esp} <= {"500", "4500"}, about


def goes_on(talk: Talk, before: tuple[int, int]) -> bool:
    """Say whether both ends have heard more since; have them send on."""
    time.sleep(PERIOD)
    talk.step()
    return all(now > then for now, then in zip(talk.heard, before))


def test_a_service_that_systemd_is_starting_again_is_waited_for(
    fabric: Fabric, public_keys: dict[str, str], secrets: str
) -> None:
    unit = "tenantry-ipsec@initech.twice"
    folder = Path(f"/proc/{fabric.twin.pid('hv1')}/root/run/systemd/system/{unit}.service.d")
    folder.mkdir()
    (folder / "slow.conf").write_text("[Service]\nRestartSec=4\n")
    try:
        fabric.twin.run("hv1", "systemctl", "daemon-reload")
        fabric.twin.run("hv1", "systemctl", "kill", "--signal=KILL", unit)
        state = ("systemctl", "show", "--property=SubState", unit)
        assert wait_until(lambda: "auto-restart" in fabric.twin.run("hv1", *state))
        run = fabric.run("site", secrets)
        assert run.changes() == {}, run.summary()
    finally:
        shutil.rmtree(folder)
        fabric.twin.run("hv1", "systemctl", "daemon-reload")


def test_strongswan_itself_reads_a_file_before_it_is_used(fabric: Fabric, sites: Sites) -> None:
    wrong = "connections {\n  branch {\n    proposals = nonsense\n  }\n}\n"
    command = "cat >/tmp/wrong && unshare --net /usr/local/lib/tenantry/router judge ipsec /tmp/wrong"
    done = fabric.twin.attempt("hv1", "sh", "-c", command, stdin=wrong)
    assert done.returncode != 0
    assert "invalid value for: proposals" in done.stderr + done.stdout


def test_secrets_are_where_root_alone_reads_them(fabric: Fabric, public_keys: dict[str, str]) -> None:
    made = fabric.twin.run("hv1", "cat", "/etc/tenantry/routers/acme.edge/secrets/wireguard.key").strip()
    for secret in (*SECRETS.values(), made, ENCODED):
        find = (
            "grep -rlF -f /dev/stdin /etc /run /var/log /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; exit 0"
        )
        places = {
            line
            for host in fabric.hypervisors
            for line in fabric.twin.run(host, "sh", "-c", find, stdin=secret).split()
        }
        files = {line for line in places if "/secrets/" in line}
        assert bool(files) == (secret not in (LAPTOP.private, ENCODED)), (
            "a secret is missing, or there is one that nobody names"
        )
        assert places == files
    modes = fabric.twin.run("hv1", "sh", "-c", "stat -c '%a %U' /etc/tenantry/routers/*/secrets/*").splitlines()
    assert set(modes) == {"600 root"}


def test_a_revoked_peer_and_an_old_key_are_cut_and_refused_and_others_notice_nothing(
    fabric: Fabric, laptop: Laptop, sites: Sites, public_keys: dict[str, str], secrets: str
) -> None:
    call(laptop, public_keys)  # at once: the router's WireGuard was started anew
    assert laptop.pings(WEB)
    with sites.answering(KEYS):
        assert wait_until(lambda: fabric.twin.pings("acme.web-1", BRANCH, patience=1))
        assert wait_until(lambda: fabric.twin.pings("acme.web-1", DEPOT, patience=1))
        _change(fabric, laptop, public_keys, secrets)
        assert not fabric.twin.pings("acme.web-1", BRANCH, patience=1), "the old key is taken"
        sites.know({**KEYS, "branch": NEXT_KEY})
        assert wait_until(lambda: fabric.twin.pings("acme.web-1", BRANCH, patience=1))


def _change(fabric: Fabric, laptop: Laptop, public_keys: dict[str, str], secrets: str) -> None:
    process = "systemctl show --property=MainPID tenantry-wireguard@acme.edge"
    before = fabric.twin.run("hv1", *process.split())
    del fabric.tenants["acme"]["routers"]["edge"]["vpn"]["office"]["peers"]["laptop"]
    Path(secrets.partition("@")[2]).write_text(json.dumps({"tenantry_secrets": {**SECRETS, "acme-branch": NEXT_KEY}}))
    with packets.pinging(fabric.twin, {"globex.lab-1": WEB, "acme.web-1": DEPOT}) as pings:
        run = fabric.run("twin_up", "site", *fabric.settings, secrets)
        assert not laptop.pings(WEB, patience=2)
    assert {host for host, _task in run.changes(playbook=2)} == {"hv1"}
    assert [ping.lost for ping in pings] == [[], []]
    assert min(ping.answered for ping in pings) > 100
    assert NEXT_KEY not in run.output
    call(laptop, public_keys)
    assert not laptop.pings(WEB, patience=1)
    _key, received, sent = laptop.sh("ip netns exec laptop wg show wg-laptop transfer").split()
    assert int(received) == 0 < int(sent), "a handshake was answered"
    assert fabric.twin.run("hv1", *process.split()) == before
    key = fabric.twin.run("hv1", "sh", "-c", "wg pubkey </etc/tenantry/routers/acme.edge/secrets/wireguard.key").strip()
    assert key == public_keys["acme.edge"], "the key was made anew"


def test_teardown_leaves_nothing(fabric: Fabric, before: dict[str, str], laptop: Laptop) -> None:
    fabric.run("teardown", "-eteardown=all")
    assert traces(fabric) == before
