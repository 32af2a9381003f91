"""Retrieval quality, measured: on collections with judgements, and on one's own library.

===========  ================================================================================
collections  a BEIR-style folder, read, and indexed by the same code as the user's articles
questions    a YAML file of questions on one's own library
metrics      nDCG, MRR, recall; bootstrap intervals; differences between two settings
evaluation   one evaluation from end to end, and what it came to
===========  ================================================================================
"""
