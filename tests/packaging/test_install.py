"""From source archive to wheel to a bare environment; and the same without a C++ compiler."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USE = """
import numpy as np
from handgrad import Dense, Network, ReLU
from handgrad.kernels import get_kernels
net = Network([Dense(4), ReLU(), Dense(2)]).build((3,), seed=0)
workspace = net.workspace(5)
y = workspace.forward(np.ones((5, 3), np.float32), train=True)
workspace.backward(np.ones_like(y))
print(get_kernels().__name__, bool(np.abs(net.grad).sum() > 0))
"""


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Outside the source tree, with none of handgrad's variables set but these."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HANDGRAD_", "PYTHON"))}
    return subprocess.run(
        [str(part) for part in command],
        env=clean | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = run(*command, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def build_wheel(archive: Path, into: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the build tools of this environment, whose versions are pinned."""
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", into)
    return run(sys.executable, "-m", "pip", "wheel", *options, archive, **environment)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    succeed(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("handgrad-*.tar.gz"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with handgrad's dependencies, taken from the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    succeed(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def test_the_archive_holds_what_a_build_needs_and_nothing_that_was_made(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    needed = {"pyproject.toml", "CMakeLists.txt", "LICENSE", "README.md", "src/native/kernels/math.hpp"}
    needed |= {"src/handgrad/py.typed", "src/handgrad/experiments/digits-mlp-constant.toml"}
    assert needed <= names
    made = (".venv/", "build/", "dist/", "runs/", ".git/", ".ci/")
    assert [name for name in names if name.startswith(made) or "__pycache__" in name or name.endswith(".so")] == []


def test_native_wheel_in_a_bare_environment(archive: Path, bare: Path, tmp_path: Path) -> None:
    built = build_wheel(archive, tmp_path, HANDGRAD_REQUIRE_NATIVE="1")
    assert built.returncode == 0, built.stdout + built.stderr
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert [name for name in names if name.startswith("handgrad/kernels/_native.") and name.endswith(".so")]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert [name for name in names if name.startswith(("src/", "tests/", "lib"))] == []
    succeed(bare, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    succeed(bare, "-m", "pip", "check")
    assert succeed(bare, "-c", USE).stdout == "handgrad.kernels.native True\n"
    version = succeed(bare.parent / "handgrad", "--version").stdout
    assert wheel.name.split("-")[1] in version


def test_without_a_compiler_it_installs_on_numpy_and_says_so(archive: Path, bare: Path, tmp_path: Path) -> None:
    built = build_wheel(archive, tmp_path, CXX="/bin/false")
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("handgrad-*-py3-none-any.whl")
    constraints = ("-c", ROOT / "constraints.txt")
    succeed(bare, "-m", "pip", "install", "-q", *constraints, wheel)
    succeed(bare, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel)
    used = succeed(bare, "-c", USE)
    assert used.stdout == "handgrad.kernels.reference True\n"
    assert used.stderr.count("running on the NumPy kernels") == 1


def test_without_a_compiler_but_native_required_the_build_fails(archive: Path, tmp_path: Path) -> None:
    built = build_wheel(archive, tmp_path, CXX="/bin/false", HANDGRAD_REQUIRE_NATIVE="1")
    assert built.returncode != 0
    assert list(tmp_path.glob("*.whl")) == []
    assert "CMake configuration failed" in built.stdout + built.stderr
