"""`indexer schedule`: what runs the crawl every night, and who hears of it when a night fails.

Quiet when all is well: cron mails what is printed, and the line prints nothing but the last line of a night
that failed; systemd starts another unit then. Logs are rotated by the tools whose business that is.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.options import CatalogueOption, DataOption, JsonOption, QuietOption, VerboseOption, configure
from indexer.cli.output import print_json
from indexer.errors import UsageError

CARRIED = re.compile(
    r"INDEXER_(?!DATA$|CATALOGUE$|SERVER$|TOKEN$)\w+|(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)"
    r"|HF_(?:HOME|ENDPOINT|HUB_OFFLINE)|XDG_CACHE_HOME",
    re.IGNORECASE,
)
"""What a crawl looks at in its environment: neither cron nor systemd knows what a shell has set. A secret is
not among it, for what is printed here is read by others."""

LOGROTATE = """\
"{log}" {{
    su {owner}
    monthly
    rotate 12
    compress
    missingok
    notifempty
}}"""

UNITS = {
    "indexer.service": """\
[Unit]
Description=Nightly crawl of the link catalogue
OnFailure=indexer-failed.service

[Service]
Type=oneshot
{environment}ExecStart={command}
# 75: another run holds the lock, which is no failure
SuccessExitStatus=75
Nice=10""",
    "indexer-failed.service": """\
[Unit]
Description=Tell that the nightly crawl failed

[Service]
Type=oneshot
ExecStart=/bin/sh -c "journalctl --user -u indexer -n 5 -o cat | mail -s 'indexer: a night failed' %u\"""",
    "indexer.timer": """\
[Unit]
Description=Nightly crawl of the link catalogue

[Timer]
OnCalendar=*-*-* {hour:02}:{minute:02}:00
RandomizedDelaySec=15min
Persistent=true

[Install]
WantedBy=timers.target""",
}

SERVER_UNIT = """\
[Unit]
Description=Pages and API of the link catalogue

[Service]
{environment}# INDEXER_TOKEN=..., for --host: a file that only you can read (chmod 600)
EnvironmentFile=-%h/.config/indexer/serve.env
ExecStart={command}
Restart=on-failure
NoNewPrivileges=true

[Install]
WantedBy=default.target"""

SERVER_TOLD = """\
# ~/.config/systemd/user/indexer-serve.service
{unit}

# then: systemctl --user enable --now indexer-serve
# and, to run it while you are logged out: loginctl enable-linger
# its log: journalctl --user -u indexer-serve"""

TOLD = """\
# crontab -e; cron mails you what a failed night says last, and nothing else (MAILTO=... names another)
{crontab}

# /etc/logrotate.d/indexer
{logrotate}

# or ~/.config/systemd/user/indexer.service
{units[indexer.service]}

# and ~/.config/systemd/user/indexer-failed.service, with whatever reaches you
{units[indexer-failed.service]}

# and ~/.config/systemd/user/indexer.timer
{units[indexer.timer]}

# then: systemctl --user enable --now indexer.timer
# and, to run it while you are logged out: loginctl enable-linger
# its log: journalctl --user -u indexer; journald rotates it (SystemMaxUse= in journald.conf)"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schedule")(schedule_command)


def schedule_command(
    *,
    at: Annotated[str, typer.Option(help="When, as HH:MM.")] = "03:00",
    serve: Annotated[bool, typer.Option("--serve", help="The unit of `indexer serve` instead.")] = False,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Print the crontab line and the systemd units of the nightly crawl; nothing is installed.

    Both tell you of a night that failed, and keep quiet else. With --serve it is the unit of the server.

    Example: indexer schedule --at 04:30
    """
    moment = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)
    if not moment:
        raise UsageError(f"--at {at!r} is no time of day; write it as 03:00")
    config = configure(catalogue=catalogue, data=data)
    folder = config.data.absolute()
    program = Path(sys.argv[0]).absolute()
    called = [sys.executable, "-m", "indexer"] if program.name == "__main__.py" else [str(program)]
    options = ["--catalogue", str(config.catalogue.absolute()), "--data", str(folder)]
    words = [*called, *(("serve",) if serve else ("crawl", "--due", "--strict")), *options]
    settings = {name: value for name, value in sorted(os.environ.items()) if CARRIED.fullmatch(name)}
    time_of_day = {"hour": int(moment[1]), "minute": int(moment[2])}
    log = folder / "crawl.log"
    environment = "".join(f"Environment={_for_systemd(f'{name}={settings[name]}')}\n" for name in settings)
    # Of these two only a command has variables, which begin with a dollar sign.
    command = " ".join(_for_systemd(word).replace("$", "$$") for word in words)
    if serve:
        unit = SERVER_UNIT.format(environment=environment, command=command)
        if as_json:
            print_json({"units": {"indexer-serve.service": unit}})
        else:
            typer.echo(SERVER_TOLD.format(unit=unit))
        return
    plan = {
        "crontab": "{minute} {hour} * * * ".format(**time_of_day) + _cron_line(words, settings, log),
        "logrotate": LOGROTATE.format(log=log, owner=_owner()),
        "units": {
            name: unit.format(environment=environment, command=command, **time_of_day)
            for name, unit in UNITS.items()
        },
    }
    if as_json:
        print_json(plan)
    else:
        typer.echo(TOLD.format(**plan))


def _cron_line(words: list[str], settings: dict[str, str], log: Path) -> str:
    """A shell command that logs all and prints, where it fails, the last line of the log."""
    folder, file = shlex.quote(str(log.parent)), shlex.quote(str(log))
    set_first = "".join(f"{name}={shlex.quote(value)} " for name, value in settings.items())
    run = f"{set_first}{shlex.join(words)} >> {file} 2>&1"
    line = f"mkdir -p {folder}; {run} || {{ code=$?; tail -n 1 {file}; exit $code; }}"
    return line.replace("%", r"\%")  # a bare per cent sign ends a crontab command


def _for_systemd(word: str) -> str:
    """A word as a unit file writes it: a per cent sign starts a specifier, and quotes are its own."""
    word = word.replace("%", "%%")
    if re.fullmatch(r"[\w@%+=:,./-]+", word):
        return word
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _owner() -> str:
    """The user and group who own the log, as logrotate wants to be told of a folder that is not root's."""
    try:
        return f"{Path.home().owner()} {Path.home().group()}"
    except (KeyError, OSError, RuntimeError, NotImplementedError):
        return "USER GROUP"
