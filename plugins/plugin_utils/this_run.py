# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name of this run of Ansible, by which the hosts tell it from others (module_utils/adapters/lock.py).

A run takes turns at the lock of a host, a module each, and those of other runs may come in between. So the host counts
``changes``: a turn that will change something counts it up before it does, and each run is known with the count of its
last turn. A turn at another count is refused. Hence:

- Between the first turn of a run and the last that it is given no other run has changed anything. One that ends well
  has read and written as if it had been alone, whatever the others did; what ends so is one whole intent.
- Turns that change nothing hurt nobody. Of runs that meet, the one that counted last goes on, so one always does.
- No clock, no message and no end of a run is needed for that. A run that is cut off, by a kill or by a network that
  is gone, has nothing that another would have to take from it.

Who comes first does not see a count that is wrong, and would take a host away from a run that is in the middle of it.
So the one that counted last holds the host until it ends, when its action removes a file that has the name of the run;
who comes first waits for it. As soon as it gives a sign by a turn of its own, the other is refused, having changed
nothing; if it is silent for some seconds it is taken for dead. That may be wrong: then it is refused when it is back,
and the other's intent is there. Two runs that come first at once both pass; which counts first goes on.

In /run all this is forgotten when the host starts anew, as no run goes on over that. Check mode changes nothing and
takes no turns, nor do modules that a user calls: they are as they would be without all this.
"""

from __future__ import annotations

import os
import platform
import re

from ansible import constants


def this_run() -> str:
    """Return a name that all tasks of this run have, and no other run anywhere.

    Each task on each host is a process of its own. What they have in common is their parent, and its folder for
    temporary files, whose name nobody else has.
    """
    controller = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:64] or "unknown"
    return f"{os.getppid()}.{os.path.basename(constants.DEFAULT_LOCAL_TMP)}@{controller}"
