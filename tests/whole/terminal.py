"""The program on a terminal of a given width, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

PROGRAM = [sys.executable, "-c", "from indexer.cli import main; main()"]
PLAIN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables that change what a terminal is shown; a test sets those that it means."""

_LINK = re.compile(r"\x1b]8;[^;]*;([^\x1b]*)\x1b\\")
_SIGN = re.compile(r"\x1b\[[0-9;]*m")
_ESCAPE = "\x1b"


def surroundings(**variables: str) -> dict[str, str]:
    """The environment of a terminal, with these variables."""
    own = {name: value for name, value in os.environ.items() if name not in PLAIN}
    return {**own, "TERM": "xterm-256color", **variables}


def on_terminal(*arguments: str, width: int = 80, height: int = 1000, **variables: str) -> str:
    """All that ``indexer`` writes to a terminal of that size, escapes included."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    command = [*PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=writer, stdout=writer, stderr=writer, env=surroundings(**variables)):
        os.close(writer)
        written = b""
        while True:
            try:
                chunk = os.read(reader, 1 << 16)
            except OSError:  # Linux says so that the other end was closed
                break
            if not chunk:
                break
            written += chunk
    os.close(reader)
    return written.decode().replace("\r\n", "\n")


def links(written: str) -> list[str]:
    """The addresses that the terminal can open by a click, in order."""
    return [address for address in _LINK.findall(written) if address]


def seen(written: str) -> str:
    """What is read on the screen."""
    text = _SIGN.sub("", _LINK.sub("", written))
    assert _ESCAPE not in text
    return text


def signs(written: str) -> set[str]:
    """The numbers of all styles and colours that were set."""
    return {number for sign in _SIGN.findall(written) for number in sign[2:-1].split(";")}


def styled(written: str, number: str) -> list[str]:
    """What was written in a style, piece by piece."""
    pieces = re.findall(r"\x1b\[([0-9;]*)m([^\x1b]*)", written)
    return [text for numbers, text in pieces if number in numbers.split(";")]
