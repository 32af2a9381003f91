"""The library: SQLite is the truth, FAISS generations are derived from it.

=============  ==================================================================
schema         the tables, as migrations
codec          records to rows and back
database       the file opened for writing, its lock, its runs
crawl_log      what a crawl remembers and leaves behind
publish        the newest articles become what a search sees, at once
vectors        FAISS files, one a generation
snapshot       a pinned view for readers; imports nothing of the writing side
reports        status, history and show: the library told to a person
=============  ==================================================================

Import the modules themselves: readers must not pay for the writing side.
"""
