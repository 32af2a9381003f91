"""The command line: parse, call the library, render; nothing else.

What is here is imported before Ctrl-C is taken care of, so it is as little as can be: the commands are in
:mod:`indexer.cli.commands`, and what Ctrl-C does to them in :mod:`indexer.cli.interruption`.
"""

from __future__ import annotations

import os
import signal


def main() -> None:
    """The entry point: the commands, and one line where Ctrl-C ends them."""
    default = signal.getsignal(signal.SIGINT)
    if default is signal.default_int_handler:  # `nohup` and the like ignore it, and so do we
        signal.signal(signal.SIGINT, _end_at_once)
    # For a fifth of a second; it can be broken off at any point, but not by an exception.
    from indexer.cli import interruption
    from indexer.cli.commands import call

    try:
        signal.signal(signal.SIGINT, default)
        call()
    except (KeyboardInterrupt, Exception) as error:
        if not interruption.caused(error):
            raise
        interruption.end()


def _end_at_once(*_: object) -> None:
    told = "indexer: interrupted before anything was done; the last published state stands, just start again"
    over = "\r" if os.isatty(2) else ""  # a terminal has written ^C
    os.write(2, f"{over}{told}\n".encode())
    os._exit(130)
