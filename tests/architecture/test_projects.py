"""Rules that both pyproject.toml files and the lock files keep with each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from conftest import Project

LOCKS = (
    "toolkit/requirements.lock",
    "inference_image/requirements.lock",
    "tests/requirements.lock",
    "tests/oracle.lock",
)
LINE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; [^\\]+?)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def locked(path: Path) -> dict[str, str]:
    """Return a lock's versions by name; any line that is neither a pin nor a hash fails."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = [match for match in map(LINE.fullmatch, lines) if match]
    assert [line for line in lines if not LINE.fullmatch(line) and not HASH.fullmatch(line)] == []
    return {pin["name"]: pin["version"] for pin in pins}


def covers(pins: dict[str, str], requirements: list[str]) -> list[str]:
    """Return the requirements that the pins do not meet; Nimbus itself and torch are never locked."""
    wanted = [Requirement(text) for text in requirements]
    return [
        str(each)
        for each in wanted
        if each.name not in ("nimbus-nlp", "torch")
        and not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]


def test_both_wheels_declare_the_same_entry_points(root_project: Project, runtime_project: Project) -> None:
    """A bundle opens with either wheel."""
    assert root_project["project"]["entry-points"] == runtime_project["project"]["entry-points"]


def test_both_wheels_have_one_version(root_project: Project, runtime_project: Project) -> None:
    """The toolkit and the runtime of one checkout belong together: version, Python, licence."""
    for key in ("version", "requires-python", "license"):
        assert root_project["project"][key] == runtime_project["project"][key]


def test_the_package_says_the_version_of_its_project(root_project: Project, checkout: Path) -> None:
    """`nimbus --version` is the wheel's version."""
    source = (checkout / "toolkit/nimbus/__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{root_project["project"]["version"]}"' in source


def test_the_runtime_needs_nothing_that_the_toolkit_does_not(root_project: Project, runtime_project: Project) -> None:
    """The same requirements, word for word: both come from one checkout and meet in one environment."""
    assert set(runtime_project["project"]["dependencies"]) < set(root_project["project"]["dependencies"])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_pins_and_hashes_and_nothing_else(lock: str, checkout: Path) -> None:
    """No index, host or path: every machine installs from the index it is set to, and checks what it got."""
    text = (checkout / lock).read_text(encoding="utf-8")
    pins = locked(checkout / lock)
    assert len(pins) > 1
    assert all(block.count("--hash=") for block in re.split(r"\n(?=\S)", text))
    assert not {"torch", "nimbus-nlp", "nimbus-runtime"} & pins.keys()


def test_all_locks_agree(checkout: Path) -> None:
    """One package has one version everywhere: what is tested is what the image runs."""
    everything = locked(checkout / "tests/oracle.lock")
    for lock in LOCKS:
        assert locked(checkout / lock).items() <= everything.items()


def test_the_locks_cover_what_the_projects_ask_for(
    root_project: Project, runtime_project: Project, checkout: Path
) -> None:
    """A dependency that was added without `make lock` shows here."""
    project, extras = root_project["project"], root_project["project"]["optional-dependencies"]
    build = root_project["build-system"]["requires"] + runtime_project["build-system"]["requires"]
    tests = project["dependencies"] + extras["postgresql"] + extras["dev"]
    assert not covers(locked(checkout / LOCKS[0]), project["dependencies"] + build)
    assert not covers(locked(checkout / LOCKS[1]), runtime_project["project"]["dependencies"])
    assert not covers(locked(checkout / LOCKS[2]), tests + build)
    assert not covers(locked(checkout / LOCKS[3]), tests + build + extras["oracle"])


def test_the_pinned_torch_is_the_one_that_make_installs(root_project: Project, checkout: Path) -> None:
    """The oracle's extra and the Makefile name one version."""
    oracle = root_project["project"]["optional-dependencies"]["oracle"]
    (torch,) = (each for each in oracle if each.startswith("torch="))
    assert f"TORCH := {torch}\n" in (checkout / "Makefile").read_text(encoding="utf-8")


def test_every_ignored_lint_rule_has_its_reason_beside_it(checkout: Path) -> None:
    """In pyproject.toml each rule stands on a line of its own, with a comment."""
    text = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.format]")]
    rules = [line.strip() for line in section.splitlines() if re.match(r'\s+"[A-Z]+\d+"', line)]
    assert len(rules) > 1
    assert [rule for rule in rules if not re.fullmatch(r'"[A-Z]+\d+",\s+# \S.+', rule)] == []
