#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_ssl
short_description: The key and certificates with which Open vSwitch speaks SSL
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Tells Open vSwitch where on the host its private key, its certificate and the certificate of a CA are, as
    C(ovs-vsctl set-ssl) does. They serve all C(ssl:) and C(pssl:) connections of the host, to controllers and managers.
  - Open vSwitch reads the files when it needs them, and says what is wrong with them in its log alone. So this module
    makes sure before that they can be read, that they are PEM, and that key and certificate are a pair.
  - It handles paths. What the files hold is never shown, logged or sent. Putting them on the host is another task.
  - Options are named as the columns of table SSL in ovs-vswitchd.conf.db(5). An omitted option is left alone.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.run
options:
  private_key:
    description: Path of the private key, as PEM without passphrase. Required if there is no setting yet.
    type: path
  certificate:
    description:
      - Path of the certificate of O(private_key), as PEM. Required if there is no setting yet.
    type: path
  ca_cert:
    description:
      - Path of the certificate of the CA that the other side must have its certificate from, as PEM. Required if there
        is no setting yet.
    type: path
  bootstrap_ca_cert:
    description:
      - If O(ca_cert) does not exist, take the CA's certificate from the first controller that answers, and keep it
        there. Whoever answers first is believed.
    type: bool
  state:
    description: V(absent) removes the setting. The files stay.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Mark the setting with this name (C(external_ids:tenantry-owner)). One with another mark or none is then an
        error, and with O(state=absent) it is left alone.
      - Without an owner, the task manages the setting, whoever made it.
    type: str
  adopt:
    description: Take over a setting that has another owner or none. Needs O(owner).
    type: bool
    default: false
seealso:
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
- name: Put key and certificates on the host
  ansible.builtin.copy:
    src: "pki/{{ inventory_hostname }}/{{ item }}"
    dest: "/etc/openvswitch/{{ item }}"
    mode: "0600"
  loop: [sc-privkey.pem, sc-cert.pem, cacert.pem]

- name: ovs-vsctl set-ssl /etc/openvswitch/sc-privkey.pem /etc/openvswitch/sc-cert.pem /etc/openvswitch/cacert.pem
  tenantry.sdn.ovs_ssl:
    private_key: /etc/openvswitch/sc-privkey.pem
    certificate: /etc/openvswitch/sc-cert.pem
    ca_cert: /etc/openvswitch/cacert.pem

- name: ovs-vsctl set-controller br0 ssl:192.168.1.33:6653
  tenantry.sdn.ovs_bridge:
    name: br0
    controllers:
      - target: ssl:192.168.1.33:6653

- name: ovs-vsctl del-ssl
  tenantry.sdn.ovs_ssl:
    state: absent
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.key_files import is_exposed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ssl_settings import KEY, SslSettings
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ssl_input import parse_ssl
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "private_key": {"type": "path", "no_log": False},
    "certificate": {"type": "path"},
    "ca_cert": {"type": "path"},
    "bootstrap_ca_cert": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "owner": {"type": "str"},
    "adopt": {"type": "bool", "default": False},
}


def difference(plan) -> dict:
    """Return Ansible's diff: the columns that differ."""
    before, after = dict(plan.before.get(KEY, {})), dict(plan.after.get(KEY, {}))
    same = {column for column, value in before.items() if column in after and after[column] == value}
    return {
        "before": {column: value for column, value in before.items() if column not in same},
        "after": {column: value for column, value in after.items() if column not in same},
    }


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB, **RUN}, supports_check_mode=True)
    with surfacing(module):
        with turn(module, alone=False) as own:
            ovsdb = Ovsdb(module.params["database"], module.params["timeout"])
            backend = SslSettings(ovsdb, parse_ssl(module.params))
            plan = own.reconcile(backend)
            if module.check_mode or not plan:
                ovsdb.require_switch()  # else a change that it has applied shows that it runs
            ovsdb.close()
        key = backend.private_key
        if key and is_exposed(key):
            module.warn(f"Everybody on this host may read the private key {key}. Take that away: chmod o= {key}")
        result = {"changed": bool(plan)}
        if module._diff:
            result["diff"] = difference(plan)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
