"""Rules of reading saved models as maps of their files: nothing copied, nothing believed, no weight read to inspect."""

from __future__ import annotations

import json
import mmap
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import srsly
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.compile import large, reference, saved

from nimbus import assembly
from nimbus.compile.errors import WeightsInvalidError
from nimbus.compile.weights.msgpack import unpack
from nimbus.compile.weights.thinc_bytes import read_model
from nimbus.compile.weights.torch_state import read_state
from nimbus_runtime import bundle as bundles
from nimbus_runtime.encoder import Encoder

SMALL = large.Shape(32, 64, 3, 4, 300, 40)
WHOLE = st.integers(-(2**63), 2**64 - 1)
PACKED = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | st.text() | st.binary(max_size=70_000),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=40,
)


def plain(value: object) -> object:
    """Return what was unpacked with bytes in the place of views."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(PACKED)
def test_whatever_was_packed_is_read(value: object) -> None:
    """Every value that srsly packs comes back, byte strings as views."""
    assert plain(unpack(memoryview(srsly.msgpack_dumps(value)))) == value


@pytest.mark.parametrize("size", [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536])
def test_every_length_is_read(size: int) -> None:
    """Texts, bytes, lists and mappings are read in the short forms and in the long ones."""
    value = ["x" * size, b"x" * size, [None] * size, {str(number): number for number in range(size)}]
    assert plain(unpack(memoryview(srsly.msgpack_dumps(value)))) == value


def test_an_array_is_a_mapping_that_is_not_interpreted() -> None:
    """Numpy's arrays stay what they were packed as: type, shape, and bytes that are a view."""
    read = unpack(memoryview(srsly.msgpack_dumps({"W": np.arange(6, dtype="f")})))
    assert read["W"][b"nd"] is True
    assert np.frombuffer(read["W"][b"data"], "f").tolist() == [0, 1, 2, 3, 4, 5]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_fail_without_words(data: bytes) -> None:
    """Arbitrary bytes are a value or a ValueError, or a key that cannot be one."""
    try:
        unpack(memoryview(data))
    except (ValueError, TypeError) as error:
        assert str(error)  # noqa: PT017 - reading them is allowed too


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xdd" + struct.pack(">I", 2**32 - 1), id="list"),
        pytest.param(b"\xdf" + struct.pack(">I", 2**32 - 1), id="mapping"),
        pytest.param(b"\xc6" + struct.pack(">I", 2**32 - 1), id="bytes"),
        pytest.param(b"\xdb" + struct.pack(">I", 2**32 - 1), id="text"),
        pytest.param(b"\xc9" + struct.pack(">I", 2**32 - 1), id="extension"),
        pytest.param(b"\x91" * 100_000, id="depth"),
        pytest.param(b"\xc1", id="no value"),
        pytest.param(b"\x00\x00", id="more than one"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_length_is_not_believed(data: bytes) -> None:
    """What is announced and not there is refused before anything is allocated for it, and so is endless depth."""
    with pytest.raises(ValueError, match=r"."):
        unpack(memoryview(data))


def test_bytes_of_a_model_are_views_of_its_file(trf: Path) -> None:
    """Of a saved transformer neither the shim nor a tensor is a copy, and nothing can be written into the file."""
    model = read_model(trf / "transformer" / "model")
    assert model.nodes == ("transformer", "hf-pytorch")
    (shim,) = model.shims[1]
    assert isinstance(shim.obj, mmap.mmap)
    weights = read_state(unpack(shim)["state"])
    assert not any(weight.flags.writeable or weight.flags.owndata for weight in weights.values())


def changed(trf: Path, folder: Path, weights: bytes) -> str:
    """Copy a pipeline and give its transformer other weights."""
    pipeline = saved.copy(trf, folder / "pipeline")
    (pipeline / "transformer" / "model").write_bytes(saved.transformer(weights=weights))
    return str(pipeline)


def test_inspecting_reads_no_weight(trf: Path, tmp_path: Path) -> None:
    """Numbers that are damaged or not finite are found by compile: inspect looks at names and shapes."""
    weights = saved.bert_weights()
    name = "encoder.layer.1.output.dense.weight"
    stored = weights[name].tobytes()
    damaged = saved.state(weights).replace(stored, bytes([stored[0] ^ 1]) + stored[1:])
    assert damaged != saved.state(weights)
    pipeline = changed(trf, tmp_path, damaged)
    assert assembly.inspect(pipeline).compiles
    with pytest.raises(WeightsInvalidError, match="component 'transformer'") as caught:
        assembly.compile_pipeline(pipeline, tmp_path / "bundle")
    assert "CRC" in str(caught.value)
    assert not (tmp_path / "bundle").exists()


def test_inspecting_refuses_shapes(trf: Path, tmp_path: Path) -> None:
    """A weight of another shape does not compile, and inspect says so."""
    weights = saved.bert_weights() | {"embeddings.LayerNorm.bias": np.zeros(3, "f")}
    description = assembly.inspect(changed(trf, tmp_path, saved.state(weights)))
    assert "embeddings.LayerNorm.bias" in str(description.parts[0].refusal)


def test_what_is_not_needed_may_be_anything(trf: Path, tmp_path: Path) -> None:
    """A weight that the encoder does not have is neither checked for NaN nor written."""
    weights = saved.bert_weights() | {"pooler.dense.bias": np.full(saved.WIDTH, np.nan, "f")}
    assembly.compile_pipeline(changed(trf, tmp_path, saved.state(weights)), tmp_path / "bundle")


def test_a_tensor_that_repeats_its_numbers_is_refused() -> None:
    """A few bytes that claim to be a weight of many gigabytes would fill the disk."""
    numbers = np.zeros(4, "f")
    value = saved.mapping({"w": saved.tensor("0", numbers, shape=(2**20, 2**20), strides=(0, 0))})
    with pytest.raises(WeightsInvalidError, match="outside its storage"):
        read_state(saved.archive(saved.pickled(value), {"0": numbers.tobytes()}))


def agreeing(folder: Path, shape: large.Shape) -> dict[str, Any]:
    """Compile and verify a random pipeline, compare its encoder with the reference, return the bundle's files."""
    bundle = assembly.compile_pipeline(str(large.save(folder / "pipeline", shape)), folder / "bundle").bundle
    assert bundles.verify(bundle.path).digest == bundle.digest
    encoder = Encoder(bundle.path / "transformer" / "encoder.onnx")
    pieces = np.random.default_rng(3).integers(0, shape.vocabulary, 12).astype(np.int32)
    pieces[-1] = shape.vocabulary - 1
    (vectors,) = encoder.encode([pieces])
    np.testing.assert_allclose(vectors, reference.vectors(shape, pieces), atol=1e-4)
    if sys.platform == "linux":
        assert "encoder.weights" in Path("/proc/self/maps").read_text(encoding="utf-8")
    return {file.path: file.size for file in bundle.manifest.files}


def test_an_encoder_is_what_its_weights_say(tmp_path: Path) -> None:
    """A compiled encoder agrees with a plain calculation of every layer to 1e-4, its weights mapped."""
    agreeing(tmp_path, SMALL)


@pytest.mark.slow
def test_an_encoder_beyond_two_gigabytes_compiles_and_runs(tmp_path: Path) -> None:
    """An encoder of XLM-R large's sizes compiles, verifies and agrees with a plain calculation to 1e-4."""
    try:
        sizes = agreeing(tmp_path, large.XLM_R_LARGE)
    finally:
        for file in tmp_path.rglob("*"):
            if file.is_file():
                file.unlink()  # gigabytes, which pytest would keep
    assert sizes["transformer/encoder.weights"] > 2**31
    assert sizes["transformer/encoder.onnx"] < 2**20
    assert sum(sizes.values()) < large.size(large.XLM_R_LARGE) + 25_000_000  # 15 MB of them the tokenizer's


def test_a_bundle_is_hardly_larger_than_its_weights(tmp_path: Path) -> None:
    """Beside the weights there is a graph, a tokenizer, a vocabulary and a manifest."""
    bundle = assembly.compile_pipeline(str(large.save(tmp_path / "pipeline", SMALL)), tmp_path / "bundle").bundle
    assert bundle.manifest.size < large.size(SMALL) + 10_000_000
    assert json.loads((tmp_path / "bundle" / "bundle.json").read_bytes())["precision"] == "fp32"
