"""Who may come in: hosts, tokens, origins, sizes, rates; what browsers may do with what goes out."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Doors:
    """What is asked of who comes.

    Attributes:
        hosts: names under which this server may be asked, without ports; others are refused (rebinding).
        token: what a client must show, in ``Authorization: Bearer`` or the cookie; empty asks for nothing,
            which is for loopback alone.
    """

    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    token: str = ""


def guarded(app: FastAPI, doors: Doors) -> None:
    """Put the doors before the application."""
