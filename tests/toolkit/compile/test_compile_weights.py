"""Rules of saved weights: read as data, complete and finite, and nothing in them is ever executed."""

from __future__ import annotations

import gc
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus.compile.errors import WeightsInvalidError
from nimbus.compile.weights.torch_state import read_state

WEIGHT = "encoder.layer.1.output.dense.weight"


def refused(trf: Path, folder: Path, model: bytes) -> WeightsInvalidError:
    """Compile a pipeline with this transformer; return the refusal, which must name the component and a remedy."""
    pipeline = saved.copy(trf, folder / "pipeline")
    (pipeline / "transformer" / "model").write_bytes(model)
    before = sorted(folder.rglob("*"))
    with pytest.raises(WeightsInvalidError, match="component 'transformer'") as caught:
        assembly.compile_pipeline(str(pipeline), folder / "new" / "bundle")
    assert sorted(folder.rglob("*")) == before, "something was written"
    assert caught.value.remedy
    assert gc.isenabled()
    return caught.value


def test_a_missing_weight_is_named(trf: Path, tmp_path: Path) -> None:
    """A state dict without one of the encoder's weights is refused by that weight's name."""
    weights = saved.bert_weights()
    del weights[WEIGHT]
    assert WEIGHT in str(refused(trf, tmp_path, saved.transformer(weights=saved.state(weights))))


@pytest.mark.parametrize("shape", [(saved.INNER, saved.WIDTH), (saved.WIDTH,), (0, 0), ()])
def test_a_weight_of_another_shape_is_named(trf: Path, tmp_path: Path, shape: tuple[int, ...]) -> None:
    """A weight that does not fit the configuration is refused with both shapes."""
    weights = saved.bert_weights() | {WEIGHT: np.zeros(shape, "f")}
    words = str(refused(trf, tmp_path, saved.transformer(weights=saved.state(weights))))
    assert WEIGHT in words
    assert f"shape {(saved.WIDTH, saved.INNER)}" in words


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_named(trf: Path, tmp_path: Path, value: float) -> None:
    """NaN or infinity anywhere in a weight is refused by that weight's name."""
    weights = saved.bert_weights()
    weights[WEIGHT][3, 4] = value
    assert WEIGHT in str(refused(trf, tmp_path, saved.transformer(weights=saved.state(weights))))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_model_that_is_cut_short_is_refused(trf: Path, tmp_path: Path, share: float) -> None:
    """A transformer's file that broke off is refused with the request for a whole copy."""
    whole = saved.transformer()
    refusal = refused(trf, tmp_path, whole[: int(len(whole) * share)])
    assert "damaged" in refusal.what
    assert "whole" in str(refusal.remedy)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_weights_that_are_cut_short_are_refused(trf: Path, tmp_path: Path, share: float) -> None:
    """A state dict that broke off inside a whole file is refused as well."""
    whole = saved.state(saved.bert_weights())
    refused(trf, tmp_path, saved.transformer(weights=whole[: int(len(whole) * share)]))


def test_a_missing_file_is_refused(trf: Path, tmp_path: Path) -> None:
    """A transformer without its file asks for a whole copy."""
    pipeline = saved.copy(trf, tmp_path / "pipeline")
    (pipeline / "transformer" / "model").unlink()
    with pytest.raises(WeightsInvalidError, match="missing") as caught:
        assembly.compile_pipeline(str(pipeline), tmp_path / "bundle")
    assert caught.value.where == str(pipeline / "transformer" / "model")


class Malicious:
    """What pickle would call when it is loaded."""

    def __init__(self, marker: Path) -> None:
        """Remember which file the call would make."""
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        """Ask for a call of os.system."""
        return (os.system, (f"touch {self.marker}",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_the_weights_does_not_run(trf: Path, tmp_path: Path, protocol: int) -> None:
    """A pickle that calls os.system is refused by the name of what it calls, and calls nothing."""
    marker = tmp_path / "marker"
    harmful = saved.archive(pickle.dumps({"weight": Malicious(marker)}, protocol), {})
    refusal = refused(trf, tmp_path, saved.transformer(weights=harmful))
    assert "system" in str(refusal)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("module", "attribute"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("collections", "namedtuple"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_qtensor"),
        ("torch.storage", "_load_from_bytes"),
        ("numpy", "fromfile"),
        ("nimbus.compile.weights.torch_state", "os"),
        ("OrderedDict", "collections"),
    ],
)
def test_nothing_but_tensors_is_imported(module: str, attribute: str) -> None:
    """Every other name in a pickle is refused, however harmless it looks."""
    value = saved.mapping({"weight": saved.call(saved.name(module, attribute), saved.text("1"))})
    with pytest.raises(WeightsInvalidError, match="not a tensor") as caught:
        read_state(saved.archive(saved.pickled(value), {}))
    assert f"{module}.{attribute}" in str(caught.value)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (1, (4, 3), (3, 1)),
        (0, (5, 3), (3, 1)),
        (0, (4, 3), (4, 1)),
        (-1, (4, 3), (3, 1)),
        (0, (4, 3), (-3, 1)),
        (0, (-4, 3), (3, 1)),
        (0, (2, 2), (2**30, 1)),
        (12, (1,), (1,)),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    """Offset, shape and strides must stay within the storage: nothing else in memory is ever read."""
    numbers = np.arange(12, dtype="f")
    value = saved.mapping({"w": saved.tensor("0", numbers, offset=offset, shape=shape, strides=strides)})
    with pytest.raises(WeightsInvalidError, match="outside its storage") as caught:
        read_state(saved.archive(saved.pickled(value), {"0": numbers.tobytes()}))
    assert caught.value.remedy


def test_a_storage_shorter_than_it_says_is_refused() -> None:
    """A storage that lost its end is refused, and so is one that is not there."""
    numbers = np.arange(12, dtype="f")
    value = saved.pickled(saved.mapping({"w": saved.tensor("0", numbers)}))
    for storages in ({"0": numbers.tobytes()[:-1]}, {"0": b""}, {}):
        with pytest.raises(WeightsInvalidError, match="cannot be read"):
            read_state(saved.archive(value, storages))


def test_a_compressed_state_dict_is_refused() -> None:
    """Torch never compresses; a compressed entry could unfold to more than memory holds."""
    numbers = np.zeros(10_000, dtype="f")
    value = saved.pickled(saved.mapping({"w": saved.tensor("0", numbers)}))
    with pytest.raises(WeightsInvalidError, match="compressed"):
        read_state(saved.archive(value, {"0": numbers.tobytes()}, zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize(
    "value", [saved.text("a text"), saved.mapping({"w": saved.text("a text")}), b"]", saved.sequence(), b"N"]
)
def test_a_state_dict_holds_nothing_but_tensors(value: bytes) -> None:
    """A text, a list or a dict of texts is no state dict."""
    with pytest.raises(WeightsInvalidError, match="not a tensor"):
        read_state(saved.archive(saved.pickled(value), {}))


@pytest.mark.parametrize("kind", ["f4", "f8", "f2", "i8"])
def test_numbers_are_read_as_they_were_saved(kind: str) -> None:
    """Every kind of number keeps its values; half precision becomes float32."""
    numbers = np.arange(-6, 6).reshape(3, 4).astype(kind)
    (read,) = read_state(saved.state({"w": numbers})).values()
    np.testing.assert_array_equal(read, numbers)
    assert kind != "f2" or read.dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 2), (6,), ()])
def test_bfloat16_is_widened(shape: tuple[int, ...]) -> None:
    """A bfloat16 is the upper half of the float32 that is returned, for a single number too."""
    exact = np.resize(np.array([1.5, -2, 0, 3e38, 1e-30, -0.125], "f").view("u4") >> 16, shape)
    (read,) = read_state(saved.state({"w": exact.astype("u2")})).values()
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read.reshape(-1).view("u4") >> 16, exact.reshape(-1))


def test_views_of_one_storage_are_read() -> None:
    """Transposed and sliced tensors, and several of one storage, are rebuilt as torch would."""
    numbers = np.arange(12, dtype="f")
    value = saved.mapping(
        {
            "transposed": saved.tensor("0", numbers, shape=(4, 3), strides=(1, 4)),
            "sliced": saved.tensor("0", numbers, offset=5, shape=(2, 2), strides=(4, 1)),
        }
    )
    read = read_state(saved.archive(saved.pickled(value), {"0": numbers.tobytes()}))
    np.testing.assert_array_equal(read["transposed"], numbers.reshape(3, 4).T)
    np.testing.assert_array_equal(read["sliced"], numbers[5:11].reshape(-1)[[[0, 1], [4, 5]]])


def test_weights_saved_below_a_prefix_are_found(trf: Path, tmp_path: Path) -> None:
    """An encoder that was saved as part of a task's model gives the bundle of the encoder alone."""
    digests = set()
    for at, prefix in enumerate(("", "bert.")):
        weights = {prefix + name: value for name, value in saved.bert_weights().items()}
        pipeline = saved.copy(trf, tmp_path / f"pipeline{at}")
        (pipeline / "transformer" / "model").write_bytes(saved.transformer(weights=saved.state(weights)))
        bundle = assembly.compile_pipeline(str(pipeline), tmp_path / f"bundle{at}").bundle
        digests.add(next(f.sha256 for f in bundle.manifest.files if f.path.endswith("encoder.weights")))
    assert len(digests) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_no_pickle_whatever_fails_without_words(data: bytes) -> None:
    """Arbitrary bytes where the pickle stands are read or refused, never anything else."""
    try:
        read_state(saved.archive(data, {}))
    except WeightsInvalidError as refusal:
        assert refusal.remedy  # noqa: PT017 - reading it is allowed too


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_whatever_fails_without_words(data: st.DataObject) -> None:
    """A whole state dict with a few bytes changed is read or refused, never anything else."""
    damaged = bytearray(_STATE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_state(bytes(damaged))
    except WeightsInvalidError as refusal:
        assert refusal.remedy  # noqa: PT017 - reading it is allowed too


_STATE = saved.state({"w": np.arange(4, dtype="f"), "b": np.zeros((2, 2), "f2")})
