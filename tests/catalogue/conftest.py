"""The command line called in this process, for the tests of importing and mending."""

from tests.whole.conftest import run

__all__ = ["run"]
