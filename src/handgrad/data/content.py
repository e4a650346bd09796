"""A file's content, gzip or not, read in pieces: what it would expand to is bounded before memory is spent."""

import hashlib
from concurrent.futures import ThreadPoolExecutor, wait
from gzip import BadGzipFile
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType

from isal.igzip import IGzipFile
from isal.igzip_lib import IsalError

from handgrad.errors import DataError, UsageError

MAX_BYTES = 2 * 1024**3  # of one array; all of MNIST is 47 million bytes
MAX_EXPANSION = 200  # times; real images compress about fivefold, a bomb a thousandfold
SMALL_BYTES = 16 * 1024**2  # up to here any expansion will do: nothing is lost

_PIECE = 1 << 20


def check_size(where: str, size: int, stored: int) -> None:
    """Refuse content that is too big, or far bigger than the compressed bytes that hold it.

    Args:
        where: file (and member), for the message.
        size: bytes once decompressed.
        stored: bytes in the file.

    Raises:
        DataError: naming both.

    >>> check_size("digits.npz", 7_840_000, 1_600_000)
    """
    if size > MAX_BYTES:
        raise DataError(f"{where}: expected at most {MAX_BYTES:,} bytes, found {size:,}")
    if size > SMALL_BYTES and size > MAX_EXPANSION * stored:
        raise DataError(
            f"{where}: expected data that expands at most {MAX_EXPANSION}-fold, "
            f"found {stored:,} bytes that become {size:,}"
        )


class ContentReader:
    """Reads a file's content from front to end; a gzip file is recognised by its first bytes, not by its name.

    Args:
        path: of the file.
        hashing: keep the SHA-256 of the content as it goes by.

    Raises:
        UsageError: if the file is not there or cannot be opened.
        DataError: while reading, if the gzip stream is damaged or cut short.
    """

    def __init__(self, path: Path, hashing: bool = False) -> None:
        self.path = path
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise UsageError(f"{path}: cannot be opened: {error.strerror}") from None
        self.stored = path.stat().st_size
        self.compressed = self._file.read(2) == b"\x1f\x8b"
        self._file.seek(0)
        self._content: BufferedIOBase = self._file
        if self.compressed:
            self._content = IGzipFile(fileobj=self._file, mode="rb")  # type: ignore[no-untyped-call]
        self._hash = hashlib.sha256() if hashing else None
        # Beside the unpacking, which takes as long: both let go of the interpreter's lock.
        self._hasher = ThreadPoolExecutor(1) if hashing else None

    def __enter__(self) -> "ContentReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._hasher:
            self._hasher.shutdown()

    @property
    def sha256(self) -> str:
        """Of what has been read so far."""
        return self._hash.hexdigest() if self._hash else ""

    def fill(self, target: memoryview) -> int:
        """Fill the target; return the number of bytes there were, fewer than asked where the content ends."""
        done, hashed = 0, []
        while done < len(target):
            piece = target[done : done + _PIECE]
            count = self._read_into(piece)
            if not count:
                break
            if self._hash and self._hasher:
                hashed.append(self._hasher.submit(self._hash.update, piece[:count]))
            done += count
        wait(hashed)
        return done

    def _read_into(self, piece: memoryview) -> int:
        try:
            return self._content.readinto(piece)
        except EOFError:
            raise DataError(
                f"{self.path}: expected the end of the gzip stream, found the end of the file: "
                "it is cut short, or other bytes follow the stream"
            ) from None
        except (BadGzipFile, IsalError) as error:  # type: ignore[misc]  # the stub takes IsalError for an instance
            raise DataError(f"{self.path}: the gzip stream is damaged ({error})") from None

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or fewer where the content ends."""
        target = bytearray(size)
        return bytes(target[: self.fill(memoryview(target))])

    def read_all(self) -> bytes:
        """All that is left, with the same bounds on its size."""
        pieces, size = [], 0
        while piece := self.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            check_size(str(self.path), size, self.stored)
        return b"".join(pieces)
