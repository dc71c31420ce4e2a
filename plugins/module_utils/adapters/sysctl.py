# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of single interfaces, which the kernel has in files."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError


def setting_file(kind: str, interface: str, option: str) -> Path:
    """Return the file of a setting; ``kind`` is ipv4 or ipv6."""
    return Path("/proc/sys/net", kind, "conf", interface, option)


def number_of(kind: str, interface: str, option: str) -> int:
    """Return what a file of the kernel says; 1 for one that is not there, since then there is no IPv6."""
    try:
        return int(setting_file(kind, interface, option).read_text(encoding="ascii"))
    except OSError:
        return 1


def write_setting(kind: str, interface: str, option: str, value: int) -> None:
    """Set what is set at an interface; one without IPv6, or that is gone, has no such file."""
    file = setting_file(kind, interface, option)
    try:
        if file.exists():
            file.write_text(str(value), encoding="utf-8")
    except OSError as error:
        raise BackendError(f"Cannot write {file}: {error.strerror}. Run the task as root.") from None
