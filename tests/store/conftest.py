"""The fixtures of shelving, which tests and killed child processes import by name."""

from shelving import shelf

__all__ = ["shelf"]
