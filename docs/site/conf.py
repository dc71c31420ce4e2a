# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site of guides in Markdown and the reference that antsibull-docs writes; see scripts/docs."""

from __future__ import annotations

import re
from typing import Any

project = "tenantry.sdn"
author = "the tenantry.sdn authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
html_title = "tenantry.sdn"
myst_heading_anchors = 4
nitpicky = True
nitpick_ignore_regex = [  # documented by others, on a site of their own
    ("ansplugin", r"ansible\.builtin\..*"),
    ("envvar", r"ANSIBLE_.*"),
    ("std:ref", r"common_return_values|action_plugins|ansible_collections\.ansible\.builtin\..*"),
]
highlight_language = "text"
suppress_warnings = ["misc.highlighting_failure"]  # YAML with what is left out, as '...'
exclude_patterns = ["reference/environment_variables.rst"]


def link_to_reference(app: Any, name: str, source: list[str]) -> None:
    """Have links to a plugin's source lead to its page."""
    source[0] = re.sub(r"\(\.\./plugins/modules/(\w+)\.py\)", r"(reference/\1_module.rst)", source[0])


def setup(app: Any) -> None:
    app.connect("source-read", link_to_reference)
