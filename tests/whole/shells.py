"""bash, zsh and fish, each at a prompt of its own, with the completion that `indexer` installed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pexpect

SHELLS = ("bash", "zsh", "fish")
PROMPT = "READY>"
PATIENCE = 60
"""Seconds to wait for what a shell has to say; it says it in one."""

STUB = """\
#!{python}
import json, os, sys
if "INDEXER_COMPLETING" in os.environ or sys.argv[1:2] in (["--install-completion"], ["--show-completion"]):
    from indexer.cli import main
    sys.argv[0] = "indexer"
    main()
else:
    print("<<" + json.dumps(sys.argv[1:]) + ">>")
"""
"""An `indexer` that completes, and else tells the words that it was given."""


class Shell:
    """A shell in an empty home and folder, in which `indexer` was set up as the README says."""

    def __init__(self, name: str, home: Path, **variables: str) -> None:
        self.name = name
        programs = home / "bin"
        programs.mkdir()
        (programs / "indexer").write_text(STUB.format(python=sys.executable))
        (programs / "indexer").chmod(0o755)
        keep = {"PYTHONPATH", "LANG", "LC_ALL"}
        own = {key: value for key, value in os.environ.items() if key in keep or key.startswith("INDEXER")}
        self._environment: Any = {
            "LANG": "C.UTF-8", **own, "HOME": str(home), "TERM": "xterm",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **variables,
        }  # fmt: skip
        self._folder = str(home)
        self.run("--install-completion")
        self._be_quiet(home)
        self._terminal = self._spawn([name, "-i"])
        self._terminal.expect(PROMPT)

    def _spawn(self, command: list[str]) -> pexpect.spawn[str]:
        path = shutil.which(command[0])
        assert path
        return pexpect.spawn(
            path, command[1:], cwd=self._folder, env=self._environment, encoding="utf-8",
            timeout=PATIENCE, dimensions=(50, 500), echo=True,
        )  # fmt: skip

    def _be_quiet(self, home: Path) -> None:
        """A prompt to wait for, and no greeting."""
        if self.name == "fish":
            told = f"set -g fish_greeting\nfunction fish_prompt; echo -n '{PROMPT}'; end\n"
            file = home / ".config" / "fish" / "config.fish"
        else:
            told, file = f"PS1='{PROMPT}'\n", home / f".{self.name}rc"
        with file.open("a") as text:
            text.write(told)

    def run(self, option: str) -> str:
        """What `indexer` says to an option, called by a shell of its own."""
        # Which shell is set up is told by what runs the program, so it must not be replaced by that.
        called = self._spawn([self.name, "-c", f"indexer {option}; true"])
        called.expect(pexpect.EOF)
        return str(called.before)

    def words(self, typed: str) -> list[str]:
        """The arguments that `indexer` has after a line was typed and sent off by Enter; a Tab is one."""
        self._terminal.send(f"indexer {typed}\r")
        if self._terminal.expect([r"<<(\[.*\])>>", pexpect.TIMEOUT]):
            seen = self._terminal.before
            self._terminal.sendintr()  # out of quotes that are open still, for the next test
            self._terminal.expect(PROMPT)
            raise AssertionError(f"the line did not run; to be seen was {seen!r}")
        words: list[str] = json.loads(self._terminal.match[1])
        self._terminal.expect(PROMPT)
        return words

    def seen(self) -> str:
        """What the last line brought to the screen before its own answer."""
        return str(self._terminal.before)

    def close(self) -> None:
        self._terminal.close(force=True)
