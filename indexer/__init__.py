"""indexer: a full-text semantic search index over the articles behind your links."""

__version__ = "0.1.0"
