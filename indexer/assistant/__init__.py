"""The library for language models: tools to search and read it, and prompts. It only reads.

===========  ================================================================================
quoting      texts of strangers inside what a model reads: marked, bounded, and closed
citing       a passage with what to cite
results      what the tools answer, as values and as text
tools        what the tools do; whoever offers them adds nothing
server       the tools by the Model Context Protocol, over stdio or HTTP
prompts      a question with the passages that answer it, as a prompt for any model
llm_plugin   tools and fragments for the program ``llm``
===========  ================================================================================
"""
