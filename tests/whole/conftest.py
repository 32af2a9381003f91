"""The fixtures of whole_run."""

from whole_run import demo_library, run

__all__ = ["demo_library", "run"]
