"""Downloading, against a server on this machine: mirrors in turn, nothing half under a final name, never endless."""

import gc
import gzip
import hashlib
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from crafted import idx_bytes, pixels

from handgrad.data import download as module
from handgrad.data import load_source, lookup
from handgrad.data.describe import describe
from handgrad.data.download import download
from handgrad.data.registry import REGISTRY
from handgrad.errors import DataError, SaveError, UsageError

CONTENT = {
    "train-images-idx3-ubyte": idx_bytes(pixels(30)),
    "train-labels-idx1-ubyte": idx_bytes(np.arange(30, dtype=np.uint8) % 10),
    "t10k-images-idx3-ubyte": idx_bytes(pixels(20, seed=1)),
    "t10k-labels-idx1-ubyte": idx_bytes(np.arange(20, dtype=np.uint8) % 10),
}


class Mirror(BaseHTTPRequestHandler):
    """/good/ gives the files; every other folder is a fault of that name."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        _, kind, name = self.path.split("/")
        self.asked.append(self.path)
        body = gzip.compress(CONTENT[name.removesuffix(".gz")])
        if kind == "forbidden":
            self.send_error(403)
            return
        self.send_response(200)
        if kind == "decoded":  # some servers say so of .gz files, and clients then unpack them on the way
            self.send_header("Content-Encoding", "gzip")
        if kind != "endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            getattr(self, f"send_{kind}")(body)
        except OSError:
            self.close_connection = True  # the client went away, as it should

    def send_good(self, body: bytes) -> None:
        self.wfile.write(body)

    send_decoded = send_good

    def send_half(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])

    def send_other(self, body: bytes) -> None:
        self.wfile.write(bytes(len(body)))

    def send_silent(self, body: bytes) -> None:
        self.wfile.write(body[:10])
        self.wfile.flush()
        time.sleep(3)

    def send_drip(self, body: bytes) -> None:
        for k in range(60):  # at this rate the whole would take minutes
            self.wfile.write(body[k : k + 1])
            self.wfile.flush()
            time.sleep(0.05)

    def send_endless(self, body: bytes) -> None:
        while True:
            self.wfile.write(bytes(1 << 16))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def mirror(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the server; mnist's known checksums become those of its little files."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    known = replace(REGISTRY["mnist"], sha256=sums, mirrors=(f"{address}forbidden/", f"{address}good/"))
    monkeypatch.setitem(REGISTRY, "mnist", known)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Mirror.asked.clear()
    yield address
    server.shutdown()
    server.server_close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pooch leaves the connection of a failed download open
        gc.collect()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_second_mirror_is_taken_and_the_data_is_found(mirror: str) -> None:
    said: list[str] = []
    folder = download("mnist", say=said.append)
    assert folder == lookup.user_folder() / "mnist"
    assert names(folder) == sorted(f"{name}.gz" for name in CONTENT)
    assert any("answered 403" in line for line in said)
    assert any("100 % of" in line for line in said)
    found = load_source("mnist")
    assert not found.sampled
    assert set(found.checksums.values()) == {"verified"}
    assert found.test is not None
    np.testing.assert_array_equal(found.test.images[:, 0], pixels(20, seed=1))


def test_what_is_there_is_not_fetched_again(mirror: str) -> None:
    folder = download("mnist", say=lambda line: None)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    Mirror.asked.clear()
    download("mnist", say=lambda line: None)
    assert {Path(path).name for path in Mirror.asked} == {"t10k-labels-idx1-ubyte.gz"}


def test_a_server_that_unpacks_on_the_way_will_do(mirror: str, tmp_path: Path) -> None:
    download("mnist", tmp_path / "here", (f"{mirror}decoded/",), say=lambda line: None)
    train = load_source(tmp_path / "here").train
    assert train is not None
    assert len(train) == 30


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("forbidden", "answered 403 Forbidden"),
        ("half", "IncompleteRead|ConnectionError|cut short"),
        ("other", "magic number"),
        ("silent", "timed out"),
        ("drip", "too slow"),
        ("endless", "expected at most 200,000 bytes"),
    ],
)
def test_a_faulty_mirror_leaves_nothing(
    mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, answer: str
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 200_000)
    folder = tmp_path / "here"
    with pytest.raises(DataError, match=answer) as refusal:
        download("mnist", folder, (f"{mirror}{kind}/",), say=lambda line: None, silence_seconds=0.5, file_seconds=0.7)
    assert names(folder) == []
    assert "By hand: fetch the four files of mnist" in str(refusal.value)
    assert str(folder) in str(refusal.value)


def test_wrong_content_is_refused_by_its_checksum(mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = REGISTRY["mnist"]
    sums = {**known.sha256, "train-labels-idx1-ubyte": "0" * 64}
    monkeypatch.setitem(REGISTRY, "mnist", replace(known, sha256=sums))
    with pytest.raises(DataError, match=r"expected content with the SHA-256 0000.*, found"):
        download("mnist", tmp_path / "here", say=lambda line: None)
    assert names(tmp_path / "here") == ["train-images-idx3-ubyte.gz"]


def test_no_network_at_all(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no mirror gave it(.|\n)*ConnectionError"):
        download("mnist", tmp_path / "here", ("http://127.0.0.1:9/",), say=lambda line: None)
    assert names(tmp_path / "here") == []


def test_a_folder_that_cannot_be_made(mirror: str, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file in its place")
    with pytest.raises(SaveError, match="cannot be written"):
        download("mnist", tmp_path / "here", say=lambda line: None)


@pytest.mark.parametrize(("name", "words"), [("imagenet", "only registered"), ("notmnist", "cannot be downloaded")])
def test_what_cannot_be_downloaded(bare_machine: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        download(name)


def test_describe_downloads_when_asked(mirror: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, facts = describe(download="mnist")
    assert facts["sources"][0]["sets"]["train"]["images"] == 30
    assert "SHA-256 verified" in text
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "t10k-labels-idx1-ubyte.gz" in captured.err
