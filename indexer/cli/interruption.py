"""Ctrl-C: at once one line that says what is kept and how to go on, and exit code 130 within a second.

A run unwinds as Python does it: workers are ended, files closed. But a page of text in the encoder, an index
in the making or a slow disk may keep the main thread for long; some libraries swallow a KeyboardInterrupt or
make another error of it, and others complain of it on stderr. So the line is written by a thread of its own,
nothing is written after it, and what has not ended by itself soon is ended: a library stands whatever happens
to its process.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of its signal, as shells have it."""
GRACE = 0.6
"""Seconds that a run has to end by itself: workers and the browser take some 0.1 s."""

_was_told = threading.Event()


@contextmanager
def telling(what_is_kept: Callable[[], str]) -> Iterator[None]:
    """While the block runs, Ctrl-C tells what is kept and ends the process, whatever its main thread does.

    ``what_is_kept`` is called in another thread; it also takes from the screen what is there.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    decided = threading.Event()
    threading.Thread(target=_watch, args=(receiver, what_is_kept, decided), daemon=True).start()
    before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        _ignore_more()  # one that is still to be raised has been written to the thread
        signal.set_wakeup_fd(before)
        sender.close()
        decided.wait()
        if _was_told.is_set():
            raise KeyboardInterrupt  # whatever was made of it, or too late to break anything off
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignore_more() -> None:
    """From here on Ctrl-C does nothing, not even one that Python has not raised yet."""
    while signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        with suppress(KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(receiver: socket.socket, what_is_kept: Callable[[], str], decided: threading.Event) -> None:
    """Wait for Ctrl-C, from which there is no way back, or for the end of the block."""
    with receiver:
        while (received := receiver.recv(1)) and received[0] != signal.SIGINT:
            pass
    if received:
        os.write(2, _on_stderr(f"interrupted; {what_is_kept()}").encode())
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        _was_told.set()
    decided.set()
    if received:
        time.sleep(GRACE)
        os._exit(INTERRUPTED)


def end() -> None:
    """End the process after a KeyboardInterrupt that nobody has told of yet."""
    _ignore_more()
    if not _was_told.is_set():
        sys.stderr.write(_on_stderr("interrupted; the last published state stands, just start again"))
    # CPython ends by the signal, whatever the exit code, if an interrupt left the last text that was run by
    # exec, such as that of a dataclass in the middle of an import.
    exec("")  # noqa: S102
    sys.exit(INTERRUPTED)


def caused(error: BaseException) -> bool:
    """Whether an error is what a library made of Ctrl-C, such as a failed import."""
    seen: BaseException | None = error
    while seen and not isinstance(seen, KeyboardInterrupt):
        seen = seen.__cause__ or seen.__context__
    return seen is not None


def _on_stderr(message: str) -> str:
    over = "\r" if sys.stderr.isatty() else ""  # a terminal has written ^C
    return f"{over}indexer: {message}\n"
