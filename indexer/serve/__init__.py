"""The library over HTTP: pages to read and an API, on this machine. It only reads.

========  ================================================================================
app       the application: its parts, its errors, the library behind it
lending   the library behind a request: the newest that is published
doors     who may come in: hosts, tokens, origins, sizes, rates; what browsers may do
api       JSON under /api/v1, as the command line's
pages     pages for people, made on the server
========  ================================================================================
"""
