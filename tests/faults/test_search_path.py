"""Rules of what processes of tests find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.aws.fargate.images import this_python

from . import command

_ASK = """
import importlib.metadata, importlib.util, json, sys
import spacy
spacy.blank("en")
offered = [one.value.partition(".")[0] for one in importlib.metadata.entry_points(group="spacy_factories")]
loaded = {name.partition(".")[0] for name in sys.modules}
known = [name for name in ("torch", "spacy_transformers") if importlib.util.find_spec(name) is not None]
print(json.dumps([offered, sorted(loaded & {"torch", "transformers", "spacy_transformers"}), known]))
"""


def test_what_tests_start_finds_no_torch_as_in_production() -> None:
    """With the environment of tests, and with a task's: neither the packages nor what they offer to spaCy."""
    task = this_python("-c", _ASK).launch("task", (), (), {})
    for arguments, environment in (((sys.executable, "-c", _ASK), os.environ), (task.arguments, task.environment)):
        done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True)
        assert json.loads(done.stdout) == [["nimbus_runtime"], [], []]


def test_a_package_of_a_test_s_own_is_found_beside_it(tmp_path: Path) -> None:
    """A PYTHONPATH that a test makes keeps what hides the originals."""
    (tmp_path / "mine.py").touch()
    asked = ("-c", "import mine, importlib.util; print(importlib.util.find_spec('torch'))")
    environment = {**os.environ, "PYTHONPATH": command.on_path(tmp_path)}
    done = subprocess.run([sys.executable, *asked], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "None"
