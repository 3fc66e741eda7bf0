"""What a killed build left in podman's store is known by its marks, whatever else is noted there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nimbus.adapters import podman_leftovers

OURS = '{"Args": {"NIMBUS_BUILD": "1"}}'
OTHERS = ("", "[]", "1", "null", "{", '{"Args": null}', '{"Args": 1}', '{"Args": {"OTHER": "1"}}')


def test_whatever_is_noted_of_a_container_only_ours_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that is no object, or none that podman writes, is somebody else's, and ends no build."""
    program = tmp_path / "bin" / "podman"  # stands for the real one, whose store others build in
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for number, noted in enumerate((*OTHERS, OURS)):
        place = tmp_path / "store" / "overlay-containers" / f"c{number}" / "userdata" / "buildah.json"
        place.parent.mkdir(parents=True)
        place.write_text(noted, encoding="utf-8")
    podman_leftovers.remove(tmp_path / "store")
    removed = [line for line in (tmp_path / "said").read_text("utf-8").splitlines() if line.startswith("rm")]
    assert removed == [f"rm --force c{len(OTHERS)}"]
