"""Rules of the two wheels. They are built from this checkout, with the locked build tool and no network."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Build = Callable[[str], "Wheel"]
RECIPE = ("Dockerfile", "assemble.py", "pyproject.toml", "requirements.lock")
SKIPPED = {"__pycache__", ".venv", ".git"}


class Wheel:
    """A wheel's file names, its metadata and its entry points."""

    def __init__(self, path: Path) -> None:
        """Read the wheel."""
        with zipfile.ZipFile(path) as archive:
            self.files = {name for name in archive.namelist() if ".dist-info/" not in name}
            told = {Path(n).name: archive.read(n).decode() for n in archive.namelist() if ".dist-info/" in n}
        self.packages = {name.split("/")[0] for name in self.files}
        self.metadata = told["METADATA"]
        self.entry_points = told["entry_points.txt"]


@pytest.fixture(scope="module")
def build(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return a function that builds the wheel of a folder of the checkout."""

    def wheel(folder: str) -> Wheel:
        target = tmp_path_factory.mktemp("wheel")
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
        command = [*build, "--outdir", target, checkout / folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        (path,) = target.glob("*.whl")
        return Wheel(path)

    return wheel


@pytest.fixture(scope="module")
def toolkit_wheel(build: Build) -> Wheel:
    """Return the wheel of the whole project."""
    return build(".")


@pytest.fixture(scope="module")
def runtime_wheel(build: Build) -> Wheel:
    """Return the wheel that an image installs."""
    return build("inference_image")


def sources(folder: Path) -> set[str]:
    """Return the files of a package as they are named in a wheel."""
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not SKIPPED & set(path.parts)
    }


def test_the_toolkits_wheel_holds_all_three_packages(toolkit_wheel: Wheel, checkout: Path) -> None:
    """Every source file of the three, each package's py.typed, what makes images, load, infrastructure; runbook."""
    folders = ("toolkit/nimbus", "tui/nimbus_tui", "inference_image/nimbus_runtime")
    recipe = {f"nimbus/image/recipe/{name}" for name in RECIPE}
    recipe |= {f"nimbus/loadtest/locust/{path.name}" for path in (checkout / "loadtest").glob("*.py")}
    recipe.add("nimbus/runs/runbook.md")
    modules = checkout / "terraform" / "modules"
    recipe |= {f"nimbus/infra/modules/{path.relative_to(modules)}" for path in modules.rglob("*") if path.is_file()}
    assert toolkit_wheel.files == recipe.union(*(sources(checkout / folder) for folder in folders))
    assert {f"{name}/py.typed" for name in ("nimbus", "nimbus_tui", "nimbus_runtime")} <= toolkit_wheel.files


def test_the_runtimes_wheel_holds_the_runtime_alone(runtime_wheel: Wheel, checkout: Path) -> None:
    """What an image installs has neither the compiler nor a command line."""
    assert runtime_wheel.packages == {"nimbus_runtime"}
    assert runtime_wheel.files == sources(checkout / "inference_image/nimbus_runtime")
    assert "nimbus_runtime/py.typed" in runtime_wheel.files


def test_both_wheels_register_the_same_spacy_functions(toolkit_wheel: Wheel, runtime_wheel: Wheel) -> None:
    """As built, not only as written: a bundle opens with either."""
    assert "[spacy_factories]" in runtime_wheel.entry_points
    assert runtime_wheel.entry_points in toolkit_wheel.entry_points.replace(
        "[console_scripts]\nnimbus = nimbus.cli.main:main\n\n", ""
    )


def test_the_runtimes_wheel_asks_for_no_compiler(runtime_wheel: Wheel) -> None:
    """Neither onnx, which writes graphs, nor a library that only screens need."""
    names = set(re.findall(r"^Requires-Dist: ([\w.-]+)", runtime_wheel.metadata, re.MULTILINE))
    assert not {"click", "onnx", "rich", "torch"} & names
    assert "onnxruntime" in names
