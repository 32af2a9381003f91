"""Whether hybrid search holds on other texts: those in the documentation of Debian packages.

    python benchmarks/manuals.py [--again] [--write] [COLLECTION...]   # else all; needs apt-get, dpkg-deb

Packages are taken by ``apt-get download`` and unpacked below ``data/evaluation/debian``, never installed.
Each collection is made of them as a BEIR folder there, the same from the same versions: what stands above a
text, a question or a name, is asked, and the text below it, without it, is the right document. Then nDCG@10
of lexical, dense and hybrid, and hybrid against the better of the two lists, question by question, with the
95 % bootstrap interval. ``--again`` draws other documents of the same texts, more and shorter ones.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import bench
import lxml.etree
import lxml.html
from retrieval import CACHE, CachedEncoder, opened

from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.encoding import open_encoder
from indexer.evaluate.evaluation import ask_all
from indexer.evaluate.metrics import compare
from indexer.records import Encoder, Mode

FOLDER = CACHE / "debian"
QUESTIONS = 400
"""How many are drawn of each collection, at most."""
FEWEST = 5
"""Words of a document: what has fewer is none."""

Entry = tuple[list[str], str]
"""What a text answers, often nothing, and the text."""
BLOCKS = {"p", "pre", "li", "dd", "dt", "td", "tr", "blockquote", "div"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
SPACE = re.compile(r"\s+")
MALLARD = "{http://projectmallard.org/1.0/}"
INNERMOST_LIST = re.compile(r"^=over(?:(?!^=over).)*?^=back", re.DOTALL | re.MULTILINE)
"""Of POD, one that has no other in it."""


def tidy(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def paragraphs(text: str) -> str:
    return "\n\n".join(filter(None, map(tidy, re.split(r"\n\s*\n", text))))


def content(element: lxml.etree._Element) -> str:
    return tidy("".join(map(str, element.itertext())))


def read_html(page: Path) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))


def sections(tree: lxml.html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Each heading with the text up to the next one; "" for what stands before the first."""
    lxml.etree.strip_elements(tree, "script", "style", "nav", lxml.etree.Comment, with_tail=False)
    heading, parts = "", [""]
    walk = lxml.etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        begins, block = event == "start", element.tag in BLOCKS
        if begins and element.tag in HEADINGS:
            yield heading, paragraphs("".join(parts))
            heading, parts = content(element).rstrip("¶ "), []
            walk.skip_subtree()
            continue
        parts += ["\n\n" if block else "", (element.text if begins else element.tail) or ""]
    yield heading, paragraphs("".join(parts))


def questions_in_pages(*pages: Path) -> Iterator[Entry]:
    """Sections of HTML pages; the headings that are questions are asked, without their number."""
    for page in pages:
        for heading, text in sections(read_html(page)):
            asked = re.sub(r"^(?:Chapter )?[A-Z]?\.?[\d.]+[:.]?\s+", "", heading)
            yield ([asked] if "?" in asked else []), text


def git_manuals(*pages: Path) -> Iterator[Entry]:
    """Sections of git's manual pages; what a page's NAME says is asked for its DESCRIPTION."""
    for page in pages:
        found = list(sections(read_html(page)))
        purpose = next((text.partition(" - ")[2] for heading, text in found if heading == "NAME"), "")
        for heading, text in found:
            if heading not in ("", "NAME", "SYNOPSIS", "SEE ALSO", "GIT"):
                yield ([purpose] if purpose and heading == "DESCRIPTION" else []), text


def apache_directives(*pages: Path) -> Iterator[Entry]:
    """Apache's directives; the line that describes one is asked for its text."""
    for page in pages:
        for directive in read_html(page).find_class("directive-section"):
            table = directive.find_class("directive")[0]
            described = table.find(".//tr/td")
            table.drop_tree()
            _, (_, text), *_ = sections(directive)
            yield ([] if described is None else [content(described)]), text


def help_pages(*pages: Path) -> Iterator[Entry]:
    """Pages of GNOME's help (Mallard); the summary of a page is asked for its text."""
    for page in pages:
        tree = lxml.etree.parse(page, lxml.etree.XMLParser(recover=True, resolve_entities=False)).getroot()
        described = tree.find(f"{MALLARD}info/{MALLARD}desc")
        asked = [] if described is None else [content(described)]
        lxml.etree.strip_elements(tree, f"{MALLARD}info", f"{MALLARD}comment", with_tail=False)
        yield asked, "\n\n".join(map(content, tree.iter(f"{MALLARD}p")))


def pod(text: str) -> str:
    """Perl's POD without its marks within paragraphs."""
    text = re.sub(r"E<(\w+)>", r"&\1;", re.sub(r"X<[^>]*>", "", text))
    text = re.sub(r"[BCFILSZ]<<+ (.*?) >>+", r"\1", text)
    for _ in range(3):  # marks within marks
        text = re.sub(r"L<([^<>|]*)\|[^<>]*>|[BCFILSZ]<([^<>]*)>", r"\1\2", text)
    return html.unescape(text)


def pod_entries(command: str, *files: Path) -> Iterator[Entry]:
    """The texts below ``=command`` of Perl's POD; several commands may share one text."""
    for file in files:
        source = file.read_text("utf-8", "replace")
        # A list within a text is part of it, and its items are nothing that is asked.
        source = INNERMOST_LIST.sub(lambda found: found[0].replace("=item ", ""), source)
        waiting: list[str] = []
        for part in re.split(rf"^={command} ", source, flags=re.MULTILINE)[1:]:
            own, *_ = re.split(r"^=(?:head|cut)", part, maxsplit=1, flags=re.MULTILINE)
            heading, _, body = own.partition("\n\n")
            waiting.append(tidy(pod(heading)))
            text = paragraphs(pod(re.sub(r"^=\w+.*", "", body, flags=re.MULTILINE)))
            if text:
                yield waiting, re.sub(r"^(?:\([A-Z][^)]*\)\s*)+", "", text)  # without its class
                waiting = []


def roff(text: str) -> str:
    """A manual page's roff without its requests and escapes."""
    layout = r"^(?:[.']\\\"|\.(?:nf|fi|in|TP|RS|RE|EX|EE|ad|ie|el|if)\b).*\n"
    text = re.sub(layout, "", text, flags=re.MULTILINE)
    text = re.sub(r"^\.(?:PP|IP|P|LP|SS)\b", "\n", text, flags=re.MULTILINE)
    text = re.sub(r"^\.[A-Z]{1,2} ", "", text, flags=re.MULTILINE).replace('"', "")
    return re.sub(r"\\(?:f[A-Z]|f\(\w\w|[&/,%:])", "", text).replace(r"\-", "-").replace(r"\(aq", "'")


def roff_manuals(*files: Path) -> Iterator[Entry]:
    """Sections of manual pages; what a page's NAME says is asked for its DESCRIPTION."""
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", errors="replace") as lines:
            page = lines.read()
        found = [part.partition("\n") for part in re.split(r"^\.SH ", page, flags=re.MULTILINE)[1:]]
        purpose = next((text.partition(r" \- ")[2] for name, _, text in found if name == "NAME"), "")
        for name, _, text in found:
            if name not in ("NAME", "SYNOPSIS", "SEE ALSO", "LIBRARY", "STANDARDS"):
                yield ([tidy(purpose)] if name == "DESCRIPTION" else []), paragraphs(roff(text))


def postgres_manuals(*pages: Path) -> Iterator[Entry]:
    """Sections of PostgreSQL's pages; what a page says a command is for is asked for its Description."""
    for page in pages:
        tree = read_html(page)
        names = tree.find_class("refnamediv")
        purpose = content(names[0]).partition(" — ")[2] if names else ""
        for part in (*names, *tree.find_class("navheader"), *tree.find_class("navfooter")):
            part.drop_tree()
        for heading, text in sections(tree):
            yield ([purpose] if purpose and heading == "Description" else []), text


def libreoffice_guides(*pages: Path) -> Iterator[Entry]:
    """Guides of LibreOffice's help; the title is asked for all that stands below it."""
    for page in pages:
        shown = read_html(page).get_element_by_id("DisplayArea")
        title = shown.find(".//h1")
        if title is not None:
            asked = content(title)
            title.drop_tree()
            for other in shown.xpath(".//*[@hidden]"):  # what stands there on other systems
                other.drop_tree()
            yield [asked], "\n\n".join(text for _, text in sections(shown))


def dictionary(file: Path) -> Iterator[Entry]:
    """Headwords of a dictionary, and what is said of them."""
    with gzip.open(file, "rt", encoding="utf-8", errors="replace") as lines:
        entries = re.split(r"\n\n(?=\S)", lines.read())
    for entry in entries:
        heading, _, body = entry.partition("\n\n")
        if not heading.startswith("00-"):
            # Without the marks of links, the subject in angle brackets, and the date.
            text = re.sub(r"[{}]|^\s*(?:\d+\.)?\s*<[^>]*>|\(\d{4}-\d\d-\d\d\)", "", body)
            yield [tidy(heading.partition("\n")[0])], paragraphs(text)


def gene_ontology(file: Path) -> Iterator[Entry]:
    """Terms of the Gene Ontology; the first synonym is asked for the definition."""
    for term in file.read_text("utf-8").split("\n\n"):
        defined = re.search(r'^def: "(.*?)(?<!\\)"', term, re.MULTILINE)
        if defined and "is_obsolete: true" not in term:
            yield re.findall(r'^synonym: "(.*?)" (?:EXACT|RELATED)', term, re.MULTILINE)[:1], defined[1]


def wordnet(*files: Path) -> Iterator[Entry]:
    """WordNet's sets of synonyms; up to three of the words are asked for the gloss."""
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            if not line.startswith("  "):  # the licence
                left, _, gloss = line.partition(" | ")
                fields = left.split()
                words = fields[4 : 4 + 2 * min(3, int(fields[3], 16)) : 2]
                plain = (re.sub(r"\(.*\)", "", word.replace("_", " ")) for word in words)
                yield [", ".join(plain)], tidy(gloss.partition('; "')[0])


@dataclass(frozen=True)
class Drawing:
    """What is drawn of a collection: by which seed, and at most how many documents, of how many words."""

    name: str
    seed: int
    documents: int
    words: int


DRAWING = Drawing("manuals", 7, 1000, 200)
AGAIN = Drawing("manuals-again", 31, 1500, 120)
"""Each under the name of its section in BENCHMARKS.md."""


@dataclass(frozen=True)
class Kind:
    """A collection: how its files are read, those by package, and what is asked for what."""

    read: Callable[..., Iterator[Entry]]
    files: dict[str, tuple[str, ...]]
    what: str


KINDS = {
    "anarchism": Kind(
        questions_in_pages,
        {"anarchism": ("usr/share/doc/anarchism/html/sec*.html",)},
        "question of An Anarchist FAQ → its answer",
    ),
    "apache": Kind(
        apache_directives,
        {"apache2-doc": ("usr/share/doc/apache2-doc/manual/en/mod/*.html",)},
        "line that describes a directive → its manual",
    ),
    "faqs": Kind(
        questions_in_pages,
        {
            "debian-faq": ("usr/share/doc/debian/FAQ/*.en.html",),
            "sqlite3-doc": ("usr/share/doc/sqlite3/*.html",),
            "zsh-doc": ("usr/share/doc/zsh-common/html/FAQ*.html",),
        },
        "question → answer, among other sections of their manuals",
    ),
    "foldoc": Kind(
        dictionary,
        {"dict-foldoc": ("usr/share/dictd/foldoc.dict.dz",)},
        "headword of a dictionary of computing → definition",
    ),
    "geneontology": Kind(
        gene_ontology,
        {"emboss-data": ("usr/share/EMBOSS/data/OBO/go.obo",)},
        "synonym of a term of biology → definition",
    ),
    "git": Kind(
        git_manuals,
        {"git-doc": ("usr/share/doc/git/html/git*.html",)},
        "line that says what a command is for → its manual page",
    ),
    "gnomehelp": Kind(
        help_pages,
        {"gnome-user-docs": ("usr/share/help/C/*/*.page",)},
        "summary of a help page for users → the page",
    ),
    "jargon": Kind(
        dictionary,
        {"dict-jargon": ("usr/share/dictd/jargon.dict.dz",)},
        "headword of a dictionary of slang → definition",
    ),
    "libreoffice": Kind(
        libreoffice_guides,
        {
            "libreoffice-help-en-us": (
                "usr/share/libreoffice/help/en-US/text/*/guide/*.html",
                "usr/share/libreoffice/help/en-US/text/*/*/guide/*.html",
            )
        },
        "title of a help page for users → the page",
    ),
    "manpages": Kind(
        roff_manuals,
        {
            "manpages": ("usr/share/man/man*/*.gz",),
            "manpages-dev": ("usr/share/man/man*/*.gz",),
        },
        "line that says what a call is for → its manual page",
    ),
    "perldiag": Kind(
        partial(pod_entries, "item"),
        {"perl-modules-5.36": ("usr/share/perl/5.36*/pod/perldiag.pod",)},
        "error message → what it means",
    ),
    "perlfaq": Kind(
        partial(pod_entries, "head2"),
        {"perl-doc": ("usr/share/perl/5.36*/pod/perlfaq*.pod",)},
        "question → answer, all on one topic",
    ),
    "postgres": Kind(
        postgres_manuals,
        {"postgresql-doc-15": ("usr/share/doc/postgresql-doc-15/html/*.html",)},
        "line that says what a command is for → its manual page",
    ),
    "pyfaq": Kind(
        questions_in_pages,
        {
            "python3.11-doc": tuple(
                f"usr/share/doc/python3.11/html/{part}/*.html" for part in ("faq", "tutorial")
            )
        },
        "question → answer, among sections of tutorials",
    ),
    "wordnet": Kind(
        wordnet,
        {"wordnet-base": tuple(f"usr/share/wordnet/data.{part}" for part in ("noun", "verb", "adj"))},
        "words that mean the same → gloss, which seldom has one of them",
    ),
}


def unpacked(package: str) -> Path | None:
    """Where a package's files are, fetched and unpacked once; None where apt cannot have it."""
    folder = FOLDER / "packages" / package
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{package}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    fetch = ["apt-get", "download", package]
    run = subprocess.run(fetch, cwd=unfinished, capture_output=True, text=True, check=False)
    archive = next(unfinished.glob("*.deb"), None)
    if run.returncode or archive is None:
        told = (run.stderr.strip() or "no archive").splitlines()[-1]
        print(f"left out, {' '.join(fetch)}: {told}", file=sys.stderr)
        return None
    subprocess.run(["dpkg-deb", "-x", archive, unfinished / "files"], check=True)
    return unfinished.rename(folder)


def version_of(package: Path) -> str:
    """A package and its version, as its archive says."""
    show = ["dpkg-deb", "-f", str(next(package.glob("*.deb"))), "Version"]
    told = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    return f"{package.name} {told.strip()}"


def write_collection(folder: Path, entries: Iterable[Entry], drawing: Drawing) -> None:
    """Draw questions and documents, those that answer first, and write them as a BEIR folder."""
    answers: dict[str, set[str]] = {}
    for asked, text in entries:
        if len(text.split()) >= FEWEST:
            named = {question for question in asked if any(map(str.isalnum, question))}
            answers.setdefault(shortened(text, drawing.words), set()).update(named)
    chance = random.Random(drawing.seed)
    every = sorted(set().union(*answers.values()))
    questions = sorted(chance.sample(every, min(QUESTIONS, len(every))))
    right = {text for text, asked in answers.items() if asked.intersection(questions)}
    others = sorted(answers.keys() - right)
    more = min(len(others), max(0, drawing.documents - len(right)))
    documents = sorted(right.union(chance.sample(others, more)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, texts in {"corpus.jsonl": documents, "queries.jsonl": questions}.items():
        rows = (json.dumps({"_id": str(place), "text": text}) for place, text in enumerate(texts))
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    judged = (
        f"{query}\t{document}\t1\n"
        for query, question in enumerate(questions)
        for document, text in enumerate(documents)
        if question in answers[text]
    )
    (folder / "qrels.tsv").write_text("".join(judged), encoding="utf-8")


def shortened(text: str, words: int) -> str:
    """The first words of a text, its paragraphs kept."""
    end = re.match(rf"\s*(?:\S+\s+){{0,{words - 1}}}\S+", text)
    return end[0] if end else ""


def collect(names: Iterable[str], drawing: Drawing) -> dict[str, tuple[Path, list[str]]]:
    """The collections that can be made here: by name the folder, and the packages with their versions."""
    made = {}
    for name in names:
        kind = KINDS[name]
        packages = {package: unpacked(package) for package in kind.files}
        found = {package: folder for package, folder in packages.items() if folder}
        if len(found) < len(packages):
            continue
        files = [
            file
            for package, folder in found.items()
            for pattern in kind.files[package]
            for file in sorted((folder / "files").glob(pattern))
        ]
        folder = FOLDER / drawing.name / name
        write_collection(folder, kind.read(*files), drawing)
        made[name] = folder, [version_of(package) for package in found.values()]
    return made


def table(made: dict[str, tuple[Path, list[str]]], encoder: Encoder) -> Iterator[str]:
    """What was measured."""
    yield "| collection | documents | questions | lexical | dense | hybrid | to the better | 95 % |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    modes: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
    changes = []
    for collection, snapshot in opened([folder for folder, _ in made.values()], encoder):
        reports = {mode: ask_all(collection, snapshot, encoder, SearchConfig(), mode=mode) for mode in modes}
        values = {mode: report.values["ndcg@10"] for mode, report in reports.items()}
        better = max(values["lexical"], values["dense"], key=lambda those: float(those.mean()))
        change = compare(list(collection.queries), better, values["hybrid"]).mean
        changes.append(change)
        yield (
            f"| {collection.name} | {len(collection.documents):,} | {len(collection.queries)} | "
            + " | ".join(f"{values[mode].mean():.4f}" for mode in modes)
            + f" | {change.mean:+.4f} | {change.low:+.3f} to {change.high:+.3f} |"
        )
    ahead, behind = sum(change.mean > 0 for change in changes), sum(change.mean < 0 for change in changes)
    surely = sum(change.low > 0 for change in changes), sum(change.high < 0 for change in changes)
    yield (
        f"\nHybrid is ahead of the better list on {ahead} of {len(changes)}, on {surely[0]} with an interval "
        f"above 0, and behind on {behind}, on {surely[1]} with an interval below 0."
    )


def sources(made: dict[str, tuple[Path, list[str]]]) -> Iterator[str]:
    """What is asked, and where the texts come from."""
    yield "| collection | what is asked → what answers | from |"
    yield "| --- | --- | --- |"
    for name, (_, versions) in made.items():
        yield f"| {name} | {KINDS[name].what} | {', '.join(versions)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("collection", nargs="*", choices=[[], *KINDS], help="else all")
    parser.add_argument("--again", action="store_true", help="other documents of the same texts")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    missing = [tool for tool in ("apt-get", "dpkg-deb") if not shutil.which(tool)]
    drawing = AGAIN if options.again else DRAWING
    made = {} if missing else collect(options.collection or KINDS, drawing)
    if not made:  # no failure: `make bench` goes on without Debian
        why = f"there is no {missing[0]} here" if missing else "apt has none; `apt-get update` may help"
        print(f"skipped, BENCHMARKS.md left as it is: takes Debian's packages, and {why}", file=sys.stderr)
        return
    encoder = CachedEncoder(open_encoder(Config(), DEFAULT_MODEL))
    bench.report(drawing.name, "\n".join(table(made, encoder)), write=options.write)
    if drawing is DRAWING:
        bench.report("manuals-sources", "\n".join(sources(made)), write=options.write)


if __name__ == "__main__":
    main()
