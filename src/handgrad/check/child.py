"""The process that runs somebody's program: `python -m handgrad.check.child`, a request on standard input.

It limits itself first: memory, processor time, no network, no files but the answer. That guards against accidents (a
training loop, a download, an array too large, weights saved over), not against malice: to run a stranger's program,
use a container.
The answer is written as JSON to the file that the request names; nothing is unpickled on either side.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import socket
import sys
from pathlib import Path
from typing import Any

_MEMORY = 4 << 30
_FILE = 64 << 20
_NEW_NETWORK = 0x10000000 | 0x40000000  # CLONE_NEWUSER | CLONE_NEWNET


def limit(seconds: int) -> None:
    """Cap memory, processor time and file sizes where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))


def close_network() -> None:
    """Leave the network's namespace where the system allows it, and refuse sockets in any case."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_NEW_NETWORK)

    def refuse(*_: object, **__: object) -> Any:
        raise OSError("handgrad check runs programs without a network")

    for name in ("socket", "create_connection", "socketpair", "getaddrinfo"):
        setattr(socket, name, refuse)


_CHANGES = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown",
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "shutil.",
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def keep_files(answer: str) -> None:
    """Refuse to write files but the answer and those in the working folder, to remove any, and to start programs.

    A program that saves its weights would write over those that its author has trained.
    """
    folder, allowed = os.path.join(os.getcwd(), ""), {answer, os.devnull}

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITES)
            if writes and isinstance(path, str | bytes | os.PathLike):
                name = os.fsdecode(path)
                if name not in allowed and not os.path.abspath(name).startswith(folder):
                    raise OSError("handgrad check writes no files")
        elif event.startswith(_CHANGES):
            raise OSError("handgrad check changes no files and starts no programs")

    sys.dont_write_bytecode = True
    sys.addaudithook(refuse)


def main() -> None:
    """Read the request, examine, write the answer."""
    request = json.load(sys.stdin)
    from handgrad.check.reading.examine import examine
    from handgrad.check.reading.source import NotReadError, join_cells, read_source
    from handgrad.check.reading.wishes import Wishes

    path = Path(request["path"])
    sys.path[:] = [entry for entry in sys.path if entry]
    limit(request["seconds"])
    close_network()
    keep_files(request["answer"])
    answer: dict[str, Any]
    try:
        cells = request.get("cells")
        source = join_cells(path, cells) if cells is not None else read_source(path)
        given: dict[str, Any] = request["wishes"]
        wishes = Wishes(**{**given, "sizes": tuple(given["sizes"])})
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            answer = examine(source, wishes, request["kind"]).to_json(source.place)
    except NotReadError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": f"{path.name}: needs more than {_MEMORY >> 30} GB of memory"}
    except Exception as error:
        answer = {"error": f"{path.name}: {type(error).__name__}: {error}"}
    Path(request["answer"]).write_text(json.dumps(_plain(answer)), encoding="utf-8")


def _plain(value: Any) -> Any:
    """JSON knows no NaN, tuples or NumPy numbers."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


if __name__ == "__main__":
    import numpy as np

    np.seterr(all="ignore")
    main()
