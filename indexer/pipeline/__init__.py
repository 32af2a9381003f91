"""One run, from the catalogue to a published generation.

1. :mod:`.crawling` fetches the links' pages; each is read in a worker process (:mod:`indexer.workers`), or
   elsewhere (:mod:`indexer.engine`). Every outcome is kept at once: the fetch, the raw page, the article if
   it is a new version. :mod:`.importing` takes pages from files and web archives instead.
2. :mod:`.publishing` cuts what changed into passages, embeds the new ones, and swaps the generation.

Whoever watches a run is told of it by :mod:`.watching`. The packages do not know each other; this one hands
the output of one to the next.
"""
