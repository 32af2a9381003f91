"""The catalogue: catalogue.yaml to links and back, and lists of links from elsewhere.

>>> catalogue = load(Path("catalogue.yaml"))             # doctest: +SKIP
>>> catalogue.in_category("Event strategies")[0].url     # doctest: +SKIP

``load`` and ``check`` read; ``add``, ``remove`` and ``merge`` edit the file in place and leave every
other byte as it was; ``import_links`` reads Markdown lists, browser bookmarks, OPML and sitemaps;
``dump`` writes links as a new catalogue; ``schema`` is the JSON Schema for editors.
"""

from indexer.catalogue.catalogue import Catalogue, check, load
from indexer.catalogue.importers import Imported, import_links
from indexer.catalogue.model import schema
from indexer.catalogue.writing import add, dump, merge, remove

__all__ = [
    "Catalogue",
    "Imported",
    "add",
    "check",
    "dump",
    "import_links",
    "load",
    "merge",
    "remove",
    "schema",
]
