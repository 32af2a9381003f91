"""The machines of a cluster, and what one must have to be worked on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer import __version__
from indexer.embed.models import find_model
from indexer.errors import ClusterError, ModelError
from indexer.hashes import CHECKED
from indexer.locate import cache_folder
from indexer.scale.connection import Connection, lost_cluster


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that work is given to, by its number at Ray; how many processors it offers, of both kinds."""

    number: str
    address: str
    processors: int
    graphics: int


@dataclass(frozen=True, slots=True)
class NodeModel:
    """The model that nodes embed with, and the folder of its fast form; empty for each node's own."""

    name: str
    fingerprint: str
    exports: str

    def exports_here(self) -> Path:
        """The folder, on the node that asks."""
        return Path(self.exports) if self.exports else cache_folder(os.environ) / "models"


@dataclass(frozen=True, slots=True)
class Fitness:
    """What a node says of itself: its version, and the model's fingerprint or why it has none."""

    version: str
    fingerprint: str
    fault: str = ""


def nodes_of(ray: Any) -> list[Node]:
    """The nodes that work may be given to now.

    Raises:
        ClusterError: there is none.
    """
    found = [
        Node(
            node["NodeID"],
            node["NodeManagerAddress"],
            int(node["Resources"].get("CPU", 0)),
            int(node["Resources"].get("GPU", 0)),
        )
        for node in ray.nodes()
        if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
    ]
    if not found:
        raise ClusterError("no node of the Ray cluster offers a processor (`ray start --num-cpus`)")
    return found


def on_node(number: str) -> Any:
    """Ray's way to say: on this node, or elsewhere where it is lost."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(number, soft=True)


def check_nodes(connection: Connection, model: NodeModel) -> None:
    """Whether every node has the version and the model of this machine.

    Raises:
        ClusterError: one has not.
    """
    ray = connection.ray
    ask = ray.remote(fitness_of)
    asked = [
        (node, ask.options(num_cpus=0, scheduling_strategy=on_node(node.number)).remote(model))
        for node in nodes_of(ray)
    ]
    for node, answer in asked:
        try:
            unfit = _unfit(connection.get(answer), model)
        except ray.exceptions.RayError as error:
            if "No module named" not in str(error):
                raise lost_cluster() from error
            unfit = "has no indexer"
        if unfit:
            raise ClusterError(f"the node {node.address} {unfit}; install there what is here, {__version__}")


def _unfit(told: Fitness, model: NodeModel) -> str:
    """What a node has not; empty where it fits."""
    if told.version != __version__:
        return f"has indexer {told.version}"
    if told.fault:
        return f"cannot embed: {told.fault}"
    if told.fingerprint != model.fingerprint:
        return f"has another model by the name of {model.name}"
    return ""


def fitness_of(model: NodeModel) -> Fitness:
    """Said by the node that it is called on: what it has."""
    try:
        found = find_model(model.name, memory=model.exports_here() / CHECKED)
    except ModelError as error:
        return Fitness(__version__, "", str(error))
    return Fitness(__version__, found.fingerprint)
