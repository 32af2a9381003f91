"""A run's work on many machines, by Ray (extra ``scale``): an :class:`~indexer.engine.Engine`.

==========  ================================================================================
cluster     one that is joined, or started here for the time of a run
connection  values awaited from it, and whether it is still there
nodes       its machines, and what one must have
sending     requests, sent by actors that own hosts
texts       pages read and articles cut, in tasks
vectors     passages embedded, by actors that hold the model
==========  ================================================================================

Whoever runs, the driver, keeps the library and gives the hosts their turns; the others get values and give
values back. So whatever dies among them, its work is done again elsewhere, and nothing is kept twice. Ray is
imported here only, and only when an engine is made.
"""

from __future__ import annotations

from indexer.scale.cluster import on_ray

__all__ = ["on_ray"]
