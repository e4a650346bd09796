"""Fetching a registered source, only when asked: mirrors in turn, time limits, checked before it gets its name."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from handgrad.data.idx import read_idx
from handgrad.data.lookup import user_folder
from handgrad.data.registry import REGISTRY
from handgrad.data.sources import how_to_get
from handgrad.errors import DataError, HandgradError, SaveError, UsageError

MAX_FILE_BYTES = 64 * 1024**2  # the largest of them has 26 million
CONNECT_SECONDS, SILENCE_SECONDS = 10.0, 30.0
FILE_SECONDS = 900.0  # of one file from one mirror, however steadily it drips

Say = Callable[[str], None]


def download(
    name: str,
    folder: Path | None = None,
    mirrors: tuple[str, ...] | None = None,
    say: Say | None = None,
    silence_seconds: float = SILENCE_SECONDS,
    file_seconds: float = FILE_SECONDS,
) -> Path:
    """Fetch the files of a registered source that are not there yet.

    A file is written under another name and gets its own only when its decompressed content has the SHA-256 that is
    known; so a file under its final name is always whole. A mirror that fails in any way is followed by the next.

    Args:
        name: mnist or fashion-mnist.
        folder: default the folder of this name in the user's data folder.
        mirrors: addresses in place of the known ones.
        say: receives lines of progress; default standard error.
        silence_seconds: a mirror that sends nothing for so long is given up.
        file_seconds: a file that takes longer in all is given up.

    Returns:
        the folder.

    Raises:
        UsageError: for a name that is not registered, or has no mirrors.
        DataError: if no mirror gives a file, with what each answered and what to do by hand.
        SaveError: if the folder cannot be written.
    """
    if name not in REGISTRY:
        raise UsageError(f"{name}: only registered sources can be downloaded: {', '.join(REGISTRY)}")
    known, target = REGISTRY[name], folder or user_folder() / name
    addresses = known.mirrors if mirrors is None else mirrors
    if not addresses:
        raise UsageError(f"{name}: it cannot be downloaded. {how_to_get(name)} The place: {target}")
    say = say or _to_standard_error
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file_name, sha256 in known.sha256.items():
            final = target / f"{file_name}.gz"
            if not final.exists():
                fetch = _Fetch(final, sha256, say, silence_seconds, file_seconds)
                fetch.from_first(addresses, name)
    except OSError as error:
        raise SaveError(f"{target}: cannot be written: {error.strerror or error}") from None
    return target


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr)


class _Fetch:
    """One file, from the first mirror that gives it whole."""

    def __init__(self, final: Path, sha256: str, say: Say, silence_seconds: float, file_seconds: float) -> None:
        self.final, self.sha256, self.say = final, sha256, say
        self.silence_seconds, self.file_seconds = silence_seconds, file_seconds

    def from_first(self, addresses: tuple[str, ...], name: str) -> None:
        answers = []
        for address in addresses:
            url = address + self.final.name
            self.say(f"{url} …")
            reason = self._from_one(url)
            if reason is None:
                return
            answers.append(f"  {url}: {reason}")
            self.say(answers[-1])
        raise DataError(
            f"{self.final.name}: no mirror gave it:\n" + "\n".join(answers) + "\n"
            f"By hand: fetch the four files of {name} with any other means, put them into {self.final.parent}, "
            f"and see with `handgrad data {name}` whether they are whole."
        )

    def _from_one(self, url: str) -> str | None:
        """Try one mirror; None when the file stands under its name, else why not."""
        import requests
        from pooch import HTTPDownloader

        handle, name = tempfile.mkstemp(prefix=".download-", dir=self.final.parent)
        temporary = Path(name)
        try:
            progress = _Guard(self.say, self.final.name, self.file_seconds)
            limits = (CONNECT_SECONDS, self.silence_seconds)
            fetch = HTTPDownloader(progressbar=progress, timeout=limits, chunk_size=1 << 16)
            _within(self.file_seconds, lambda: fetch(url, str(temporary), None))
            read_idx(temporary, self.sha256)
            os.fsync(handle)
            os.replace(temporary, self.final)
        except requests.RequestException as error:
            return _reason(error)
        except HandgradError as error:
            return str(error).replace(f"{temporary}: ", "")
        finally:
            os.close(handle)
            temporary.unlink(missing_ok=True)
        return None


def _within(seconds: float, work: Callable[[], object]) -> None:
    """Do this, but wait no longer than so many seconds, even for a server that sends a byte now and then."""
    outcome: list[Exception | None] = []

    def run() -> None:
        try:
            work()
            outcome.append(None)
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:  # the thread ends at its next piece, when its guard sees the time
        raise DataError(f"too slow: not whole after {seconds:g} seconds")
    if outcome[0] is not None:
        raise outcome[0]


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered {response.status_code} {response.reason}"
    return f"{type(error).__name__}: {error}"[:300]


class _Guard:
    """Pooch's progress bar: says how far it is each quarter, and stops what is too long or too slow."""

    def __init__(self, say: Say, name: str, seconds: float) -> None:
        self.say, self.name = say, name
        self.total = 0
        self._done, self._told = 0, 0
        self._end = time.monotonic() + seconds

    def update(self, size: int) -> None:
        """So many bytes more have come; the last piece counts as a whole one."""
        self._done += size
        if self._done > MAX_FILE_BYTES:
            raise DataError(f"expected at most {MAX_FILE_BYTES:,} bytes, found more")
        if time.monotonic() > self._end:
            raise DataError(f"too slow: {self._done:,} bytes so far")
        quarter = 4 * self._done // self.total if self.total else 0
        if self._told < quarter <= 4:
            self._told = quarter
            self.say(f"  {self.name}: {25 * quarter} % of {self.total:,} bytes")

    def reset(self) -> None:
        """Pooch starts again at the end, to fill its bar."""
        self._done = 0

    def close(self) -> None:
        """Nothing is held open."""
