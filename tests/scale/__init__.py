"""Engines for more than one machine, started on loopback and tried: `make test-scale`."""
