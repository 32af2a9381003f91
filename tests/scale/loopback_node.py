"""``ray start`` on loopback alone, where it would otherwise take the machine's address in a network.

python -m tests.scale.loopback_node --head --port=6399 ...
"""

from __future__ import annotations

import sys
import time
from typing import Any


def main() -> None:
    from ray._private import services
    from ray.scripts.scripts import main as ray_command

    services.resolve_ip_for_localhost = lambda host: host
    find = services.get_node

    def wait_for(gcs_address: str, number: str) -> Any:
        """Ray gives a node 30 seconds to be there, which a busy machine may not have."""
        given_up = time.monotonic() + 60
        while True:
            try:
                return find(gcs_address, number)
            except RuntimeError:
                if time.monotonic() > given_up:
                    raise
                time.sleep(0.5)

    services.get_node = wait_for
    sys.argv = ["ray", "start", "--node-ip-address=127.0.0.1", *sys.argv[1:]]
    ray_command()


if __name__ == "__main__":
    main()
