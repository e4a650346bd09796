"""Which kernels run: names, environment, the notice; and that the two implementations have the same signatures."""

import inspect
import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from equality import native_is_required

import handgrad.kernels.reference as reference
from handgrad.errors import UsageError
from handgrad.kernels import get_kernels, kernel_names, native_problem

SHOW = "from handgrad.kernels import get_kernels as g; print(g().__name__); g()"
HIDE_NATIVE = "import sys; sys.modules['handgrad.kernels._native'] = None; "


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in which none of handgrad's variables is set but these."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HANDGRAD_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not native_is_required(), reason="HANDGRAD_REQUIRE_NATIVE=1 is not set")
def test_native_is_loaded_where_it_is_required() -> None:
    assert native_problem() == ""
    assert get_kernels("native").__name__ == "handgrad.kernels.native"


def test_every_kernel_exists_in_native_with_the_same_parameters() -> None:
    native = pytest.importorskip("handgrad.kernels.native", exc_type=ImportError)
    for name in reference.__all__:
        signature = getattr(native, name).__nb_signature__[0][0]
        parameters = re.findall(r"(\w+): ", signature)
        assert parameters == list(inspect.signature(getattr(reference, name)).parameters), name


def test_reference_exports_all_its_kernels() -> None:
    public = {name for name, value in vars(reference).items() if inspect.isfunction(value)}
    assert public == set(reference.__all__)


def test_kernels_are_chosen_by_name_and_unknown_names_are_refused() -> None:
    assert kernel_names() == ("reference", "native")
    assert get_kernels("reference").__name__ == "handgrad.kernels.reference"
    with pytest.raises(UsageError, match="no kernels named 'numpy'; the names are reference, native"):
        get_kernels("numpy")


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDGRAD_KERNELS", "reference")
    assert get_kernels().__name__ == "handgrad.kernels.reference"
    monkeypatch.setenv("HANDGRAD_KERNELS", "fast")
    with pytest.raises(UsageError, match=r"'fast' \(from HANDGRAD_KERNELS\)"):
        get_kernels()


def test_without_native_the_reference_runs_and_says_so_once() -> None:
    run = python(HIDE_NATIVE + SHOW)
    assert run.stdout == "handgrad.kernels.reference\n"
    assert run.stderr.count("running on the NumPy kernels") == 1
    assert "install GCC or Clang" in run.stderr


def test_no_notice_where_nothing_is_missing_or_reference_was_asked_for() -> None:
    assert python(HIDE_NATIVE + SHOW, HANDGRAD_KERNELS="reference").stderr == ""
    if not native_problem():
        run = python(SHOW)
        assert (run.stdout, run.stderr) == ("handgrad.kernels.native\n", "")


@pytest.mark.parametrize("environment", [{"HANDGRAD_KERNELS": "native"}, {"HANDGRAD_REQUIRE_NATIVE": "1"}])
def test_required_but_missing_is_an_error_with_a_remedy(environment: dict[str, str]) -> None:
    run = python(HIDE_NATIVE + SHOW, **environment)
    assert run.returncode != 0
    assert "UsageError: handgrad's native kernels are required but not there" in run.stderr
    assert "install handgrad again" in run.stderr


@pytest.mark.skipif(bool(native_problem()), reason="native kernels are not built here")
def test_the_processor_variant_can_be_forced_and_a_wrong_one_is_refused() -> None:
    show = "from handgrad.kernels import native; print(native.variant())"
    assert python(show, HANDGRAD_CPU="baseline").stdout == "baseline\n"
    refused = python(show, HANDGRAD_CPU="z80")
    assert "UsageError: HANDGRAD_CPU=z80: this processor runs no kernels of that name" in refused.stderr


@pytest.mark.skipif(bool(native_problem()), reason="native kernels are not built here")
def test_long_calls_let_other_threads_run() -> None:
    """A thread that does nothing but call kernels, in an interpreter that switches threads only when the GIL is given
    up, must give it up within these calls."""
    from handgrad.kernels import native

    x, y = np.ones(1_000_000, np.float32), np.empty(1_000_000, np.float32)
    inside, noticed = threading.Event(), threading.Event()
    outcome = []

    def work() -> None:
        inside.set()
        for _ in range(2000):
            native.tanh_forward(y, x)
            if noticed.is_set():
                break
        outcome.append(noticed.is_set())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        inside.wait()
        noticed.set()
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert outcome == [True]
