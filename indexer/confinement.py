"""What a process that reads strangers' pages may not do: write, start programs, reach the network by TCP.

By Landlock, which Linux has since 5.13 and which needs no rights; the older the kernel, the fewer of these
it can refuse. Files may be read, for libraries load their parts when they need them; UDP and the sockets of
other programs are refused by no kernel older than this library's newest names.
"""

from __future__ import annotations

import sys

if sys.platform == "linux":
    import landlockpy

TCP_REFUSED_SINCE = 4
"""The Landlock version that can refuse connections, see landlock(7)."""


def refused() -> str:
    """What a confined process is refused on this system, in words; empty where it cannot be confined."""
    version = landlockpy.abi_version() if sys.platform == "linux" else 0
    if not version:
        return ""
    return "writing, programs and TCP" if version >= TCP_REFUSED_SINCE else "writing and programs"


def confine() -> None:
    """Refuse this thread, and those it starts, all but reading files. For ever; nothing where it cannot."""
    if not refused():
        return
    reading = landlockpy.AccessFS.READ_FILE | landlockpy.AccessFS.READ_DIR
    others = landlockpy.Scope.SIGNAL | landlockpy.Scope.ABSTRACT_UNIX_SOCKET
    with landlockpy.Ruleset(scoped=others) as rules:
        rules.allow_path("/", reading)
        rules.restrict()
