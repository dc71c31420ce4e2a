# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that can be done: one transaction over a socket, by the standard library alone. What ours is held against.

Usage: bare.py create SOCKET COUNT  tunnels on br-int, until ovs-vswitchd has applied them
       bare.py select SOCKET        the columns that ovs_gre_mesh reads, parsed
"""

from __future__ import annotations

import json
import socket
import sys

READ = {
    "Open_vSwitch": ["next_cfg", "cur_cfg"],
    "Bridge": ["_uuid", "name", "ports", "controller", "external_ids"],
    "Port": ["_uuid", "name", "interfaces", "tag", "protected", "external_ids"],
    "Interface": ["_uuid", "name", "type", "options", "error", "ofport"],
    "Controller": ["_uuid", "target"],
}


def transact(connection, operations):
    request = {"method": "transact", "params": ["Open_vSwitch", *operations], "id": 0}
    connection.sendall(json.dumps(request).encode())
    reply = bytearray()
    while not reply.endswith(b'"error":null}'):  # ovsdb-server writes this member last
        reply += connection.recv(1 << 20)
    return json.loads(reply)["result"]


def create(connection, count):
    operations = []
    for number in range(count):
        name, remote = f"gr-{number:012x}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        options = ["map", [["key", "5001"], ["local_ip", "192.168.1.151"], ["remote_ip", remote]]]
        interface = {"name": name, "type": "gre", "options": options}
        port = {
            "name": name,
            "tag": 12,
            "protected": True,
            "external_ids": ["map", [["tenantry-mesh", "web"]]],
            "interfaces": ["named-uuid", f"interface{number}"],
        }
        operations += [
            {"op": "insert", "table": "Interface", "row": interface, "uuid-name": f"interface{number}"},
            {"op": "insert", "table": "Port", "row": port, "uuid-name": f"port{number}"},
        ]
    ports = ["set", [["named-uuid", f"port{number}"] for number in range(count)]]
    where, bump = [["name", "==", "br-int"]], ["next_cfg", "+=", 1]
    operations += [
        {"op": "mutate", "table": "Bridge", "where": where, "mutations": [["ports", "insert", ports]]},
        {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [bump]},
        select("Open_vSwitch", ["next_cfg"]),
    ]
    wanted = transact(connection, operations)[-1]["rows"]
    wait = {"op": "wait", "table": "Open_vSwitch", "where": [], "columns": ["cur_cfg"], "until": "==", "timeout": 60000}
    transact(connection, [{**wait, "rows": [{"cur_cfg": wanted[0]["next_cfg"]}]}])


def select(table, columns):
    return {"op": "select", "table": table, "where": [], "columns": columns}


if __name__ == "__main__":
    what, path = sys.argv[1:3]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(path)
        if what == "create":
            create(connection, int(sys.argv[3]))
        else:
            transact(connection, [select(table, columns) for table, columns in READ.items()])
