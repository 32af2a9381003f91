"""The catalogue: catalogue.yaml to links and back, and lists of links from elsewhere.

=========  ==================================================================================
catalogue  the file as the other packages see it: links by category
checking   what will fail or repeat, and the file mended accordingly
reading    from the text to links, every mistake told with file and line
model      what the file may hold, as pydantic models; its JSON Schema
mistakes   what the models find wrong, told in the user's words
writing    edits in place: every other byte stays as it was
emitting   links as YAML text in the style of a file kept by hand
importers  lists of links from elsewhere: bookmarks, CSV, JSON, feeds, Markdown, addresses
=========  ==================================================================================

>>> catalogue = load(Path("catalogue.yaml"))             # doctest: +SKIP
>>> catalogue.in_category("Event strategies")[0].url     # doctest: +SKIP
"""

from indexer.catalogue.catalogue import Catalogue, load
from indexer.catalogue.checking import Remark, check, remarks, tidied, tidy, wrong_places
from indexer.catalogue.importers import MAX_BYTES, Imported, WebArchive, import_links, web_archive
from indexer.catalogue.model import schema
from indexer.catalogue.writing import add, dump, merge, remove

__all__ = [
    "MAX_BYTES",
    "Catalogue",
    "Imported",
    "Remark",
    "WebArchive",
    "add",
    "check",
    "dump",
    "import_links",
    "load",
    "merge",
    "remarks",
    "remove",
    "schema",
    "tidied",
    "tidy",
    "web_archive",
    "wrong_places",
]
