"""From a question to an answer.

=========  ================================================================================
query      a question in words becomes what the lexical index is asked
spelling   a word that the library does not know becomes the nearest one that it knows
fuse       two lists with their exact scores become one; pure functions over arrays
wanted     which of the question's words a text holds, and what they weigh
retrieve   the two lists, the user's own words, and the ranking they come to
select     what is shown of the merged list: caps, and no passage twice
confidence whether anything in the library answers
searcher   the way through all of it
links      the address at which a passage opens
similar    the other articles that are nearest to an article or a passage
marks      what of a passage answers: the question's words, and the sentence with most of them
answer     the answer in Python, as JSON, as a table
as_html    the answer in a notebook, or on a page
arguments  what a caller in Python may pass
=========  ================================================================================
"""
