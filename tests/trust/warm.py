"""Imports all that the commands of the trials import, for a process that is forked for each of them."""

import onnxruntime  # noqa: F401
import sqlite_utils  # noqa: F401
import tokenizers  # noqa: F401
