"""Progress: plain lines where there is no terminal, a bar where there is."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from handgrad.progress import PlainProgress, describe_record

RECORD = {"iteration": 1200, "test_loss": 0.25, "test_error": 0.0276, "batch_loss": 0.3, "batch_error": 0.1}


def test_a_record_in_words_is_in_percent() -> None:
    assert describe_record(RECORD) == "iteration 1,200 · test loss 0.2500 error 2.76 %"


def test_plain_lines_come_now_and_then_and_the_last_always() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, pause=1000.0)
    progress.on_record(RECORD)
    progress.on_record(RECORD | {"iteration": 1300})
    assert stream.getvalue() == ""
    progress.close()
    assert stream.getvalue().startswith("iteration 1,300")
    assert stream.getvalue().count("\n") == 1


def test_a_terminal_gets_a_bar(tmp_path: Path) -> None:
    main, other = pty.openpty()
    words = ["data.train_images=500", "data.test_images=100", "training.iterations=400", "training.evaluate_every=50"]
    command = [sys.executable, "-m", "handgrad", "train", "digits-mlp-constant", *words, "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=other, env={**os.environ, "TERM": "xterm"})
    os.close(other)
    seen = b""
    while True:
        try:
            chunk = os.read(main, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    output = process.communicate()[0]
    assert process.returncode == 0
    assert b"images/s" in seen
    assert b"loss" in seen
    assert Path(output.decode().splitlines()[-1]).is_dir()
