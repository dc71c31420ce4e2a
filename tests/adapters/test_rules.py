# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_rules on the kernel's own tables: what it makes, changes, takes away and leaves alone, by both backends."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from module_runner import run_module
from rule_lab import BACKEND, chain, converge, need, run, saved, tool
from set_lab import ipset, own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import iptables
from ansible_collections.tenantry.sdn.plugins.modules import sg_rules

JUMP = '-m comment --comment "tenantry.sdn" -j'
RULES: list[dict[str, Any]] = [
    {"ctstate": ["ESTABLISHED", "RELATED"], "target": "RETURN"},
    {"protocol": "tcp", "destination_ports": [80], "target": "RETURN", "comment": "to the web"},
    {"target": "DROP"},
]
TEXTS = [
    "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    '-p tcp -m tcp --dport 80 -m comment --comment "to the web" -j RETURN',
    "-j DROP",
]
FOREIGN = """
*filter
:DOCKER - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -m comment --comment "a \\"quoted\\" -j web" -j ACCEPT
-A DOCKER -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A f2b-sshd -s 192.0.2.7/32 -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:DOCKER - [0:0]
-A DOCKER -i docker0 -j RETURN
COMMIT
"""


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        tool("ip", "link", "set", "lo", "up")
        yield


@pytest.fixture(params=BACKEND)
def backend(request: pytest.FixtureRequest) -> str:
    need(f"iptables-{BACKEND[request.param]}")
    return str(request.param)


def by_hand(backend: str, *arguments: str) -> str:
    return tool(f"iptables-{BACKEND[backend]}", *arguments)


def send() -> None:
    """Send a packet to this host, which is counted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", 9))


def counted(backend: str) -> str:
    """Return all rules with what they have counted; iptables-legacy forgets what policies have, at every change."""
    printed = saved(counters=True)
    return re.sub(r"(?m)^(:\S+ [A-Z]+) \[.*", r"\1", printed) if backend == "legacy" else printed


def test_a_chain_comes_changes_and_goes(backend: str) -> None:
    jumps = [{"chain": "FORWARD", "out_interface": "tap0"}]
    made = converge(name="web", backend=backend, rules=RULES, jumps=jumps)
    assert made["counts"] == {"ipv4": {"web": 3}}
    assert chain("web", backend) == TEXTS
    assert chain("FORWARD", backend) == [f"-o tap0 {JUMP} web"]
    changed = converge(name="web", backend=backend, rules=RULES[1:])
    assert changed["diff"] == {
        "before": {"ipv4": {"chains": {"web": TEXTS}}},
        "after": {"ipv4": {"chains": {"web": TEXTS[1:]}}},
    }
    assert not converge(name="web", backend=backend)["changed"], "what is omitted is left alone"
    assert converge(name="web", backend=backend, rules=[], jumps=[])["counts"] == {"ipv4": {"web": 0}}
    assert chain("FORWARD", backend) == []
    converge(name="web", backend=backend, jumps=jumps)
    gone = converge(name="web", backend=backend, state="absent")
    before = {"chains": {"web": []}, "jumps": {"FORWARD": [f"1: -o tap0 {JUMP} web"]}}
    assert gone["diff"] == {"before": {"ipv4": before}, "after": {}}
    assert not converge(name="web", backend=backend, state="absent")["changed"]
    assert ":web" not in saved()


@pytest.mark.parametrize("extra", [{}, {"owner": "dc1"}], ids=["", "owner"])
def test_what_others_made_stays_byte_for_byte_with_what_is_counted(backend: str, extra: dict[str, Any]) -> None:
    tool(f"iptables-{BACKEND[backend]}-restore", stdin=FOREIGN)
    by_hand(backend, "-P", "FORWARD", "DROP")
    by_hand(backend, "-I", "INPUT", "-i", "lo", "-j", "ACCEPT")
    send()
    before = counted(backend)
    assert re.search(r"\[[1-9]\d*:\d+\] -A INPUT -i lo", before), "something is counted"
    task = {
        "backend": backend,
        "chains": [{"name": "dc1.web", "rules": RULES}, {"name": "dc1.db", "rules": []}],
        **extra,
    }
    jumps = [{"chain": name, "target": "dc1.web", "position": "last"} for name in ("INPUT", "FORWARD")]
    converge(**task, jumps=jumps)
    now = counted(backend)
    assert "".join(line for line in now.splitlines(keepends=True) if "dc1" not in line) == before
    converge(**{**task, "chains": task["chains"][:1]}, jumps=jumps[:1])
    removal = {"chains": [], "allow_empty": True} if extra else {"state": "absent"}
    converge(**{**task, **removal})
    assert counted(backend) == before


def test_drift_is_found_whatever_is_counted(backend: str) -> None:
    task = {"name": "web", "backend": backend, "rules": [{"protocol": "udp", "target": "ACCEPT"}, *RULES]}
    jumps = [{"chain": "INPUT", "in_interface": "lo"}]
    converge(**task, jumps=jumps)
    send()
    before = saved(counters=True)
    assert re.search(r"\[[1-9]\d*:\d+\] -A web -p udp", before)
    assert not converge(**task, jumps=jumps)["changed"]
    assert saved(counters=True) == before, "and nothing is counted anew"
    for drift in (["-D", "web", "2"], ["-A", "web", "-j", "ACCEPT"], ["-R", "web", "1", "-j", "DROP"], ["-F", "web"]):
        by_hand(backend, *drift)
        assert converge(**task)["changed"]
        assert chain("web", backend)[1:] == TEXTS


def test_jumps_are_placed_once_and_found_again(backend: str) -> None:
    by_hand(backend, "-A", "FORWARD", "-j", "ACCEPT")
    web = {"name": "web", "backend": backend, "rules": [], "jumps": [{"chain": "FORWARD", "comment": "of web"}]}
    db = {"name": "db", "backend": backend, "rules": [], "jumps": [{"chain": "FORWARD"}]}
    for task in (web, db):
        converge(**task)
    in_place = [f"{JUMP} db", '-m comment --comment "tenantry.sdn: of web" -j web', "-j ACCEPT"]
    assert chain("FORWARD", backend) == in_place
    assert not converge(**web)["changed"], "the jump of another task may be before it"
    for drift in (
        ["-I", "FORWARD", "-i", "eth0", "-j", "ACCEPT"],
        ["-I", "FORWARD", "-j", "web"],
        ["-A", "FORWARD", "-j", "web"],
        ["-D", "FORWARD", "1"],
    ):
        by_hand(backend, *drift)
        assert converge(**web)["changed"]
        assert [rule for rule in chain("FORWARD", backend) if rule.endswith("web")] == [in_place[1]]
    converge(**db)
    assert chain("FORWARD", backend) == [*in_place[:2], "-i eth0 -j ACCEPT", "-j ACCEPT"]
    converge(**{**web, "jumps": [{"chain": "FORWARD", "position": "last"}, {"chain": "INPUT", "source": "10.0.0.1"}]})
    assert chain("FORWARD", backend) == [in_place[0], "-i eth0 -j ACCEPT", "-j ACCEPT", f"{JUMP} web"]
    assert chain("INPUT", backend) == [f"-s 10.0.0.1/32 {JUMP} web"]


def test_jumps_that_were_made_by_hand_are_taken_out_whatever_they_match(backend: str) -> None:
    ipset("create", "nets", "hash:net")
    by_hand(backend, "-N", "web")
    for match in (
        "-m limit --limit 7/min --limit-burst 9",
        "-m set --match-set nets src --return-nomatch",
        "-m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcip --hashlimit-name web",
        "-m time --timestart 08:00:00",
        "-p 47",
    ):
        by_hand(backend, "-A", "OUTPUT", *match.split(), "-j", "web")
    converge(name="web", backend=backend, jumps=[{"chain": "OUTPUT"}])
    assert chain("OUTPUT", backend) == [f"{JUMP} web"]


def test_an_owner_has_what_is_listed(backend: str) -> None:
    by_hand(backend, "-N", "dc1-lab.web")
    chains = [
        {"name": "dc1.in", "rules": [{"target": "dc1.web"}, {"goto": "dc1.db"}]},
        {"name": "dc1.web", "rules": RULES},
        {"name": "dc1.db", "rules": [{"target": "dc1-lab.web"}]},
    ]
    task = {"owner": "dc1", "backend": backend}
    jumps = [{"chain": "FORWARD", "target": "dc1.in"}, {"chain": "OUTPUT", "target": "dc1.web"}]
    converge(**task, chains=chains, jumps=jumps)
    fewer = converge(**task, chains=[chains[1]])
    assert fewer["counts"] == {"ipv4": {"dc1.web": 3}}
    assert set(fewer["diff"]["before"]["ipv4"]["chains"]) == {"dc1.in", "dc1.db"}
    assert (chain("FORWARD", backend), chain("OUTPUT", backend)) == ([], [f"{JUMP} dc1.web"])
    converge(**task, name="dc1.more", rules=[])
    assert chain("dc1.web", backend) == TEXTS, "a single chain is not all that the owner has"
    converge(**task, chains=[], allow_empty=True)
    assert "dc1." not in saved()
    assert ":dc1-lab.web - [0:0]" in saved()


def test_both_families_at_once(backend: str) -> None:
    ipset("create", "v4", "hash:ip")
    ipset("create", "v6", "hash:ip", "family", "inet6")
    rules: list[dict[str, Any]] = [
        {"protocol": "icmp", "target": "RETURN"},
        {"protocol": "icmpv6", "target": "RETURN"},
        {"source": "10.0.0.0/8", "target": "RETURN"},
        {"source": "fd00::/8", "target": "RETURN"},
        *({"sets": [{"set": name, "direction": "src"}], "target": "RETURN"} for name in ("v4", "v6")),
        {"target": "REJECT", "reject_with": "net-unreachable"},
    ]
    task = {"name": "web", "family": "both", "backend": backend, "jumps": [{"chain": "FORWARD"}]}
    converge(**task, rules=rules)
    assert chain("web", backend) == [
        "-p icmp -j RETURN",
        "-s 10.0.0.0/8 -j RETURN",
        "-m set --match-set v4 src -j RETURN",
        "-j REJECT --reject-with icmp-net-unreachable",
    ]
    assert chain("web", backend, "ipv6") == [
        "-p ipv6-icmp -j RETURN",
        "-s fd00::/8 -j RETURN",
        "-m set --match-set v6 src -j RETURN",
        "-j REJECT --reject-with icmp6-no-route",
    ]
    one = converge(**task, rules=rules[1:])
    assert list(one["diff"]["after"]) == ["ipv4"], "the other is as it was"
    converge(**{**task, "family": "ipv6", "jumps": None}, state="absent")
    assert len(chain("web", backend)) == 3


def test_one_call_changes_a_family_and_none_is_made_without_need(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    attempt = iptables.attempt

    def watched(argv: list[str], *arguments: Any, **options: Any) -> Any:
        calls.extend(argv[:1] if "restore" in argv[0] and "--test" not in argv else [])
        return attempt(argv, *arguments, **options)

    monkeypatch.setattr(iptables, "attempt", watched)
    task = {"name": "web", "family": "both", "backend": backend, "rules": RULES, "jumps": [{"chain": "FORWARD"}]}
    run(check=True, **task)
    assert calls == []
    run(**task)
    assert calls == [f"{name}-{BACKEND[backend]}-restore" for name in ("iptables", "ip6tables")]
    run(**task)
    assert len(calls) == 2


def test_looking_makes_no_table_of_the_legacy_backend() -> None:
    need("iptables-legacy")
    tables = Path("/proc/thread-self/net/ip_tables_names")
    with own_namespace():
        assert tables.read_text() == ""
        assert run(check=True, name="web", rules=RULES, backend="legacy")["changed"]
        assert run(check=True, name="web", rules=RULES, backend="nf_tables")["changed"]
        assert tables.read_text() == ""


def test_the_hosts_own_backend_is_the_default() -> None:
    converge(name="web", rules=RULES)
    (found,) = [backend for backend in BACKEND if chain("web", backend)]
    assert not converge(name="web", rules=RULES, backend=found)["changed"]
    (other,) = set(BACKEND) - {found}
    need(f"iptables-{BACKEND[other]}")
    assert run(name="web", rules=RULES, backend=other).message == (
        f"chain web: is there by iptables-{BACKEND[found]}, and this task is of iptables-{BACKEND[other]}; remove it "
        "there, or set backend to the one that has it"
    )


def test_every_table(backend: str) -> None:
    kinds = {
        "raw": {"target": "CT", "zone": 7},
        "mangle": {"target": "MARK", "set_mark": 5},
        "nat": {"target": "RETURN"},
    }
    for table, rule in kinds.items():
        task = {"name": "ours", "table": table, "backend": backend}
        converge(**task, rules=[{"physdev_in": "tap0", **rule}], jumps=[{"chain": "PREROUTING"}])
        assert len(chain("PREROUTING", backend, table=table)) == 1
        converge(**task, state="absent")
    assert "ours" not in saved()


def test_examples_work() -> None:
    for example in yaml.safe_load(sg_rules.EXAMPLES):
        for module, options in example.items():
            if module == "tenantry.sdn.sg_rules":
                assert converge(**options)["changed"]
            elif module != "name":
                assert run_module(module.rpartition(".")[2], options)["changed"]
