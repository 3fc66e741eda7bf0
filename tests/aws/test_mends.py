"""All mends together."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws.local_aws import LocalAws
from tests.aws.mends import MENDS

GUARDS = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_mends_of_*.py")]


@pytest.mark.parametrize("name", [mend.name for mend in MENDS])
def test_every_mend_is_guarded(name: str) -> None:
    """A test shows what moto does without it, and fails when moto does what AWS does."""
    assert any(f'lifted("{name}")' in guard for guard in GUARDS)


def test_a_mend_that_does_not_exist_cannot_be_lifted(aws: LocalAws) -> None:
    """A guard of a mend that was renamed fails instead of proving nothing."""
    with pytest.raises(ValueError, match="no mend is named 'gravity'"), aws.mending.lifted("gravity"):
        pass


def test_moto_is_as_it_was_once_the_mends_are_undone(aws: LocalAws) -> None:
    """Other tests of this process may use moto by itself."""
    replaced = [(replacement.owner, replacement.name) for mend in MENDS for replacement in mend.replacements(aws)]
    in_force = [vars(owner).get(name) for owner, name in replaced]
    aws.mending.undo()
    try:
        before = [vars(owner).get(name) for owner, name in replaced]
    finally:
        aws.mending.apply()
    assert all(now is not then for now, then in zip(in_force, before, strict=True))
    modules = [getattr(value, "__module__", None) or "" for value in before]
    assert not [module for module in modules if module.startswith("tests.")]
