"""Rules of API keys, and of servers that others reach."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.serve import keys
from nimbus_runtime.serve.settings import ServeSettings, read_settings


def test_a_new_key_opens_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    """The file names whose it is, and the key cannot be read from it."""
    secret, key = keys.make("nightly")
    keys.add(tmp_path / "keys", key)
    kept = (tmp_path / "keys").read_text("utf-8")
    assert secret not in kept
    assert kept == f"nightly:{hashlib.sha256(secret.encode()).hexdigest()}\n"
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    assert keys.holder(secret, keys.read_file(tmp_path / "keys")) == "nightly"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "x" * 65])
def test_a_name_that_no_key_can_have_is_refused_as_one(name: str) -> None:
    """It is the name that is told, and no hash."""
    with pytest.raises(UsageError, match="cannot have this name"):
        keys.make(name)


def test_a_file_that_no_key_can_be_added_to_is_told_in_words(tmp_path: Path) -> None:
    """With the reason, and where it is."""
    with pytest.raises(UsageError, match="no key can be added") as caught:
        keys.add(tmp_path / "nowhere" / "keys", keys.make("a")[1])
    assert (caught.value.where, caught.value.got) == (str(tmp_path / "nowhere" / "keys"), "No such file or directory")


@pytest.mark.parametrize("presented", ["", "nimbus_", "x" * 10_000, "ключ"])
def test_what_is_no_key_opens_nothing(presented: str) -> None:
    """Whatever is presented."""
    assert keys.holder(presented, (keys.make("a")[1], keys.make("b")[1])) is None


@pytest.mark.parametrize("line", ["secret", "a:b", "a:" + "A" * 64, ":" + "a" * 64, "a b:" + "0" * 64])
def test_a_line_that_is_no_hash_is_refused_without_being_repeated(line: str) -> None:
    """Somebody may have put the key itself there."""
    with pytest.raises(UsageError) as caught:
        keys.read(f"# ours\n{line}", "keys")
    assert line not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104 - refused
def test_outside_this_machine_a_key_is_demanded(host: str) -> None:
    """An open server is somebody's decision, never an oversight."""
    with pytest.raises(UsageError, match="needs keys"):
        ServeSettings(Path("b"), host=host)
    assert ServeSettings(Path("b"), host=host, open=True)
    assert ServeSettings(Path("b"), host=host, keys=(keys.make("a")[1],))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_this_machine_it_is_not(host: str) -> None:
    """Trying it out takes no key."""
    assert ServeSettings(Path("b"), host=host).keys == ()


def test_a_container_reads_its_environment() -> None:
    """Each option has a variable, and the command line has the last word."""
    environment = {
        "NIMBUS_BUNDLE": "/b",
        "NIMBUS_SERVE_QUEUE_TEXTS": "7",
        "NIMBUS_SERVE_PORT": "9000",
        "NIMBUS_API_KEYS": "a:" + "0" * 64,
        "NIMBUS_SERVE_GEMM": "blis",
    }
    settings = read_settings(["--port", "9001"], environment)
    assert (settings.bundle, settings.host, settings.port, settings.queue_texts) == (Path("/b"), "0.0.0.0", 9001, 7)  # noqa: S104 - with a key
    assert settings.gemm == "blis"
    assert [key.name for key in settings.keys] == ["a"]


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"port": 70_000}, {"body_bytes": 1}, {"request_seconds": 0.0}, {"queue_texts": 0}]
)
def test_numbers_that_nothing_can_be_served_with_are_refused(wrong: dict[str, int]) -> None:
    """Before anything is opened."""
    with pytest.raises(UsageError):
        ServeSettings(Path("b"), **wrong)  # type: ignore[arg-type]
