"""Rules of naming a release: whole, or by as much of it as tells it from the others."""

from __future__ import annotations

import pytest
from tests.fixtures.roots import register

from nimbus.releases import registry
from nimbus.releases.errors import ReleaseNotFoundError
from nimbus_runtime.store import Store

FIRST, SECOND, AGAIN = "support-1.0.0-0a1b2c3d4e5f", "support-2.0.0-0a1b99999999", "support-2.0.0-0a1b99999999-2"


@pytest.fixture
def two(store: Store) -> Store:
    """Return a root with two releases, and one of the same content as the second."""
    for name in (FIRST, SECOND, AGAIN):
        register(store, name)
    return store


@pytest.mark.parametrize("given", [FIRST, "support-1", "1.0.0", "0a1b2c"])
def test_what_tells_a_release_from_the_others_names_it(two: Store, given: str) -> None:
    """The beginning of its name, of its version or of its hash."""
    assert registry.named(two, given) == FIRST


def test_a_whole_name_is_that_release_though_another_begins_so(two: Store) -> None:
    """As one does that was made of the same content again."""
    assert registry.named(two, SECOND) == SECOND


@pytest.mark.parametrize("given", ["support", "0a1b", "2.0.0"])
def test_what_several_are_called_is_refused_with_their_names(two: Store, given: str) -> None:
    """And with what to do."""
    with pytest.raises(ReleaseNotFoundError, match="more than one release is called so") as refused:
        registry.named(two, given)
    assert SECOND in str(refused.value.expected)
    assert refused.value.remedy == "type more of its name"


@pytest.mark.parametrize("given", ["", "0a1", "2", "upport-1", "../support-1"])
def test_nothing_else_names_a_release(two: Store, given: str) -> None:
    """Neither its middle, nor so little that it may be meant otherwise; it is refused where it is looked for."""
    assert registry.named(two, given) == given
    with pytest.raises(ReleaseNotFoundError, match="there is no such release"):
        registry.release(two, given)
