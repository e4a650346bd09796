"""A file's content, gzip or not, read in pieces: what it would expand to is bounded before memory is spent."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from isal import isal_zlib
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
        self._inflate = isal_zlib.decompressobj(31)
        self._hash = hashlib.sha256() if hashing else None
        # Beside the unpacking, which takes as long: both let go of the interpreter's lock.
        self._hasher = ThreadPoolExecutor(1) if hashing else None
        self._hashed: Future[None] | None = None

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
        if self._hashed:
            self._hashed.result()
        return self._hash.hexdigest() if self._hash else ""

    def _take_in(self, piece: bytes) -> None:
        """Into the checksum: at most one piece is waiting."""
        if self._hash and self._hasher:
            if self._hashed:
                self._hashed.result()
            self._hashed = self._hasher.submit(self._hash.update, piece)

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or fewer where the content ends."""
        target = bytearray(size)
        return bytes(target[: self.fill(memoryview(target))])

    def fill(self, target: memoryview) -> int:
        """Fill the target; return the number of bytes there were, fewer than asked where the content ends."""
        done = 0
        while done < len(target):
            piece = self._piece(min(_PIECE, len(target) - done))
            if not piece:
                break
            self._take_in(piece)
            target[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def read_all(self) -> bytes:
        """All that is left, with the same bounds on its size."""
        pieces, size = [], 0
        while piece := self._piece(_PIECE):
            self._take_in(piece)
            pieces.append(piece)
            size += len(piece)
            check_size(str(self.path), size, self.stored)
        return b"".join(pieces)

    def _piece(self, limit: int) -> bytes:
        if not self.compressed:
            return self._file.read(limit)
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            stored = self._inflate.unconsumed_tail or self._file.read(_PIECE)
            try:
                piece = self._inflate.decompress(stored, limit)
            except IsalError as error:  # type: ignore[misc]  # its stub takes the class for an instance
                raise DataError(f"{self.path}: the gzip stream is damaged ({error})") from None
            if piece:
                return piece
            if not stored and not self._inflate.eof:
                raise DataError(
                    f"{self.path}: expected the end of the gzip stream, found the end of the file: it is cut short"
                )

    def _next_member(self) -> bool:
        """A gzip file may hold several streams, one after another; True if there is a further one."""
        rest = self._inflate.unused_data or self._file.read(_PIECE)
        if not rest:
            return False
        if not rest.startswith(b"\x1f"):
            raise DataError(f"{self.path}: expected the end of the file, found further bytes after the gzip stream")
        self._file.seek(-len(rest), 1)
        self._inflate = isal_zlib.decompressobj(31)
        return True
