"""From a question to an answer.

=========  ================================================================================
query      a question in words becomes what the lexical index is asked
spelling   a word that the library does not know becomes the nearest one that it knows
fuse       two lists with their exact scores become one; pure functions over arrays
feedback   the question's vector moves towards the best passages
select     what is shown of the merged list: caps, and no passage twice
confidence whether anything in the library answers
searcher   the way through all of it
answer     the answer as JSON, as a table, in a notebook
=========  ================================================================================
"""

from __future__ import annotations

from indexer.search.answer import Answer
from indexer.search.searcher import Searcher

__all__ = ["Answer", "Searcher"]
