"""The search index: passages as immutable segments of vectors and words, searched as one.

============  ==================================================================
segment       some passages with their vectors and words, in a folder that never changes
vectors       the vectors of a segment, and the near ones among them
faiss_file    the file they lie in, which FAISS reads
lexicon       the words of a segment
words         texts to the words that are indexed and searched
bm25          what a word weighs, over all segments
index_reader  the segments of one generation, searched as one
============  ==================================================================

Knows nothing of SQLite, links or articles: a passage is an id with texts and a vector.
"""
