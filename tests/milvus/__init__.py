"""What of serving by Milvus needs no server: `tests/scale` has the rest."""
