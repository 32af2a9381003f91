"""What the shell completes: the names that the library and the catalogue have, whatever signs they hold.

Typer's own scripts hand over the words joined by blanks, and insert its answers without quoting them. These
hand over the words as they are. zsh and fish quote what they insert; for bash, which replaces a part of the
word only, that part is worked out and quoted here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer import _completion_shared
from typer._completion_classes import BashComplete

from indexer.cli.options import configure
from indexer.cli.output import CONTROL
from indexer.errors import IndexerError

if TYPE_CHECKING:
    from indexer.catalogue import Catalogue
    from indexer.store.snapshot import Snapshot

VARIABLE = "INDEXER_COMPLETING"
"""The variable by which the scripts below ask, with the name of their shell. Typer fills in the program's."""
FILES = "\tfiles"
"""The answer where the shell is to complete the names of files."""

_BASH = r"""
_indexer_completion() {
    local typed=${COMP_LINE:0:COMP_POINT}
    mapfile -t COMPREPLY < <(
        INDEXER_COMPLETING=bash "${1/#\~/$HOME}" "$COMP_WORDBREAKS" "$typed" 2>/dev/null
    )
    if [[ ${COMPREPLY[0]} == $'\tfiles' ]]; then
        COMPREPLY=()
        compopt -o default
    fi
}
complete -F _indexer_completion %(prog_name)s
"""

_ZSH = r"""
#compdef %(prog_name)s
_indexer_completion() {
    local line
    local -a before values shown
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    for line in "${(@f)$(INDEXER_COMPLETING=zsh ${~words[1]} "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        if [[ $line == $'\tfiles' ]]; then
            compset -P 1 '--*='
            _files
            return
        elif [[ -n $line ]]; then
            values+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/  -- }")
        fi
    done
    compadd -l -d shown -a values
}
compdef _indexer_completion %(prog_name)s
[[ ${zsh_eval_context[-1]} == loadautofunc ]] && _indexer_completion
"""

_FISH = r"""
function _indexer_completion
    set -l words (commandline -opc)
    set -l typed (string unescape -- (commandline -ct))
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l lines (env INDEXER_COMPLETING=fish $program $words[2..-1] "$typed" 2>/dev/null)
    if test "$lines" = \tfiles
        __fish_complete_path (commandline -ct)
    else
        printf '%%s\n' $lines
    end
end
complete --command %(prog_name)s --no-files --arguments '(_indexer_completion)'
"""


def register_scripts() -> None:
    """Let ``--install-completion`` and ``--show-completion`` give these scripts."""
    for shell, script in (("bash", _BASH), ("zsh", _ZSH), ("fish", _FISH)):
        _completion_shared._completion_scripts[shell] = script  # noqa: SLF001


def complete(app: typer.Typer) -> None:
    """Answer a script: on each line a value, and behind a tab what it is.

    zsh and fish give the words as arguments, the unfinished one last; bash its word breaks and the line.
    """
    bash = os.environ[VARIABLE] == "bash"
    if bash:
        breaks, line = sys.argv[1:]
        typed = read_line(line, breaks)
    else:
        *words, word = sys.argv[1:]
        typed = Typed(tuple(words), word)
    command = typer.main.get_command(app)
    _let_files_be_completed(command)
    helper = BashComplete(command, {}, "indexer", VARIABLE)
    for value, about in dict(_values(helper.get_completions(list(typed.words), typed.word))).items():
        if value == FILES:
            print(FILES)
            return
        name, equals, _ = typed.word.partition("=")
        whole = f"{name}={value}" if equals and name.startswith("--") else value
        if CONTROL.search(whole) or "\n" in whole or "\t" in whole:
            continue
        if bash:
            print(bash_quoted(whole[typed.kept :], typed.quote))
        else:
            print(f"{whole}\t{about}" if about else whole)


def _let_files_be_completed(command: Any) -> None:
    """Give each parameter that takes a path, or may, the one item that stands for the shell's own completion.

    Done here and not where they are declared: Typer looks into each function that completes at every start.
    """
    for below in getattr(command, "commands", {}).values():
        _let_files_be_completed(below)
    for parameter in command.params:
        if parameter.type.name == "path" or parameter.name == "model":
            parameter.shell_complete = lambda context, incomplete: [Offered(FILES)]


class Offered(NamedTuple):
    """As much of Typer's items as is looked at."""

    value: str
    help: str = ""


def _values(items: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for item in items:
        yield item.value, " ".join((item.help or "").split())


# --------------------------------------------------------------------------- bash


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line that is being typed: the words behind the program's name, and the unfinished one.

    Of that, bash leaves the first ``kept`` characters as they are, and ``quote`` was not closed.
    """

    words: tuple[str, ...]
    word: str
    kept: int = 0
    quote: str = ""


def read_line(line: str, breaks: str) -> Typed:
    """The words of a line as bash takes them; ``breaks`` are its COMP_WORDBREAKS."""
    words: list[str] = []
    word, kept, quote, begun = "", 0, "", False
    signs = iter(line)
    for sign in signs:
        if sign == quote:
            quote, kept = "", len(word)
        elif sign == "\\" and quote != "'":
            escaped = next(signs, "")
            word += escaped if not quote or escaped in '\\"$`' else sign + escaped
            begun = True
        elif quote:
            word += sign
        elif sign in "'\"":
            quote, kept, begun = sign, len(word), True
        elif not sign.isspace():
            word, begun = word + sign, True
            kept = len(word) if sign in breaks else kept
        elif begun:
            words.append(word)
            word, kept, begun = "", 0, False
    return Typed(tuple(words[1:]), word, kept, quote)


def bash_quoted(text: str, quote: str) -> str:
    """A text as bash reads it within this quote, or without any."""
    if quote == "'":
        return text.replace("'", r"'\''")
    return re.sub(r'[\\"$`]' if quote else r"[^\w@%+=:,./-]", r"\\\g<0>", text)


# -------------------------------------------------------------------------- names


def complete_categories(context: typer.Context) -> list[str]:
    """The library's categories, or else the catalogue's."""
    return _published(context, lambda held: held.categories()) or complete_listed_categories(context)


def complete_tags(context: typer.Context) -> list[str]:
    """The library's tags, or else the catalogue's."""
    return _published(context, lambda held: held.tags()) or complete_listed_tags(context)


def complete_sites(context: typer.Context) -> list[str]:
    """The hosts of the library's articles."""
    return _published(context, lambda held: held.sites())


def complete_pages(context: typer.Context) -> list[str]:
    """The library's links and the pages under them, or else the catalogue's links."""
    sql = "SELECT url FROM links UNION SELECT page_url FROM current_articles"
    return _published(context, lambda held: [row[0] for row in held.query(sql)]) or complete_links(context)


def complete_formats(context: typer.Context) -> list[str]:
    """What a library can be exported as."""
    from indexer.exports import ExportForm

    return list(ExportForm)


def complete_listed_categories(context: typer.Context) -> list[str]:
    """The catalogue's categories."""
    return _listed(context, lambda catalogue: catalogue.categories)


def complete_listed_tags(context: typer.Context) -> list[str]:
    """The catalogue's tags."""
    return _listed(context, lambda catalogue: {tag: "" for link in catalogue.links for tag in link.tags})


def complete_links(context: typer.Context) -> list[str]:
    """The catalogue's links."""
    return _listed(context, lambda catalogue: [link.url for link in catalogue.links])


def complete_chosen(context: typer.Context) -> list[str]:
    """The catalogue's categories and links."""
    return complete_listed_categories(context) + complete_links(context)


def _published(context: typer.Context, names: Callable[[Snapshot], list[str]]) -> list[str]:
    """Names of the library that is meant; quietly none where there is no library. Typer picks what fits."""
    from indexer.store.snapshot import Snapshot

    try:
        folder = configure(catalogue=_path(context, "catalogue"), data=_path(context, "data")).data
        with Snapshot(folder) as snapshot:
            return names(snapshot)
    except IndexerError:
        return []


def _listed(context: typer.Context, names: Callable[[Catalogue], Iterable[str]]) -> list[str]:
    """Names of the catalogue that is meant; quietly none where it cannot be read."""
    from indexer.catalogue import load

    try:
        return list(names(load(configure(catalogue=_path(context, "catalogue")).catalogue)))
    except IndexerError:
        return []


def _path(context: typer.Context, option: str) -> Path | None:
    """The value of an option, which no shell has expanded yet."""
    value = context.params.get(option)
    return Path(os.path.expandvars(value)).expanduser() if value else None
