"""The library: SQLite is the truth, the generations of the search index are derived from it.

=============  ==================================================================
schema         the tables, as migrations
codec          records to rows and back
database       the file opened for writing, its lock, its runs
crawl_log      what a crawl remembers and leaves behind
revisit        when a link is due again
publish        the newest articles become what a search sees, at once
generations    which segments make a published state, and how the next is made
segment        some passages with their vectors and words, in a folder that never changes
vectors        the vectors of a segment, and FAISS where they are many
lexicon        the words of a segment
words          texts to the words that are indexed and searched
bm25           what a word weighs, over all segments
index          the segments of one generation, searched as one
snapshot       a pinned view for readers; imports nothing of the writing side
reports        status, history and show: the library told to a person
health         what is wrong with a library
=============  ==================================================================

Import the modules themselves: readers must not pay for the writing side.
"""
