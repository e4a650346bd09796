"""A network's parameters and state as a safetensors file."""

from pathlib import Path

from handgrad.errors import LoadError
from handgrad.kernels.types import Array
from handgrad.network import Network
from handgrad.storage import arrays_to_bytes, save_bytes


def weights_of(network: Network) -> dict[str, Array]:
    """Parameters and state by name, as they are saved."""
    return {**network.parameters, **{f"state.{name}": a for name, a in network.state.items()}}


def save_weights(path: Path, network: Network) -> None:
    """Write a network's parameters and state as safetensors, whole or not at all."""
    save_bytes(path, arrays_to_bytes(weights_of(network)))


def load_weights(network: Network, arrays: dict[str, Array], where: str) -> None:
    """Put saved arrays into a built network, all or none; float64 values are cast to the network's dtype.

    Raises:
        LoadError: listing missing, unexpected and wrongly shaped names; the network is left as it was.
    """
    own = weights_of(network)
    problems = [f"missing: {name} {own[name].shape}" for name in sorted(own.keys() - arrays.keys())]
    problems += [f"unexpected: {name} {arrays[name].shape}" for name in sorted(arrays.keys() - own.keys())]
    problems += [
        f"{name}: expected {own[name].shape}, found {arrays[name].shape}"
        for name in sorted(own.keys() & arrays.keys())
        if own[name].shape != arrays[name].shape
    ]
    if problems:
        raise LoadError(f"{where}: these weights are of another network:\n" + "\n".join(problems))
    for name, array in own.items():
        array[...] = arrays[name]
