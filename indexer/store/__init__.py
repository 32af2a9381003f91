"""The library: SQLite is the truth, the generations of the search index are derived from it.

=============  ==================================================================
schema         the tables, as numbered scripts
codec          records to rows and back
database       the file opened for writing, its lock, its runs
crawl_log      what a crawl remembers and leaves behind
revisit        when a link is due again
publish        the newest articles become what a search sees, at once
generations    which segments make a published state, and how the next is made
snapshot       a pinned view for readers; imports nothing of the writing side
inspection     status, history and show: the library told to a person
overview       links, articles, passages and facets as rows
health         what is wrong with a library
backup         the library as one file elsewhere, and back
pruning        what only the past needs is removed
=============  ==================================================================

Import the modules themselves: readers must not pay for the writing side.
"""
