"""Rules of looking into a graph before it is opened: what the onnx package finds is found, and nothing else happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, TrainingInfoProto

from nimbus_runtime.contract.errors import BundleInvalidError
from nimbus_runtime.onnx_scan import OnnxContents, scan

DOMAINS = st.sampled_from(["", "ai.onnx", "com.microsoft", "ai.onnx.ml", "acme", "acmé.ops"])
WORDS = st.text(max_size=6)
FUZZ = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def scanned(data: bytes, folder: Path) -> OnnxContents:
    """Write a file and scan it."""
    (folder / "graph.onnx").write_bytes(data)
    return scan(folder / "graph.onnx")


def node(domain: str = "", **attributes: object) -> NodeProto:
    """Return a node with attributes that are given as protobuf messages or lists of them."""
    made = NodeProto(op_type="Op", domain=domain, input=["a"], output=["b"])
    for name, value in attributes.items():
        made.attribute.add(name=name, **{name: value})  # type: ignore[arg-type] - named after the field
    return made


def model(*nodes: NodeProto, **fields: object) -> ModelProto:
    """Return a model of some nodes."""
    made = ModelProto(ir_version=9, graph=GraphProto(name="g", node=nodes), **fields)  # type: ignore[arg-type]
    made.opset_import.add(domain="", version=17)
    return made


def external(location: str, **entries: int) -> TensorProto:
    """Return a tensor whose numbers lie in another file."""
    made = TensorProto(name="w", dims=[2], data_type=1, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        made.external_data.add(key=key, value=str(value))
    return made


def nested(inner: GraphProto, depth: int) -> GraphProto:
    """Return a graph with `inner` that many subgraphs down."""
    for _ in range(depth):
        inner = GraphProto(node=[node(g=inner)])
    return inner


FOREIGN = {
    "the graph": model(node("acme")),
    "a subgraph": model(node(g=nested(GraphProto(node=[node("acme")]), 5))),
    "a list of subgraphs": model(node(graphs=[GraphProto(node=[node("acme")])])),
    "a function": model(node(), functions=[FunctionProto(name="f", node=[node("acme")])]),
    "a subgraph of a function": model(
        functions=[FunctionProto(name="f", node=[node(g=GraphProto(node=[node("acme")]))])]
    ),
    "a default of a function": model(
        functions=[FunctionProto(attribute_proto=[AttributeProto(g=GraphProto(node=[node("acme")]))])]
    ),
    "training": model(training_info=[TrainingInfoProto(algorithm=GraphProto(node=[node("acme")]))]),
    "an import": model(opset_import=[onnx.helper.make_opsetid("acme", 1)]),
}

OUTSIDE = {
    "an initializer": GraphProto(initializer=[external("far")]),
    "a sparse initializer": GraphProto(sparse_initializer=[onnx.SparseTensorProto(values=external("far"))]),
    "sparse indices": GraphProto(sparse_initializer=[onnx.SparseTensorProto(indices=external("far"))]),
    "an attribute": GraphProto(node=[node(t=external("far"))]),
    "a list of tensors": GraphProto(node=[node(tensors=[external("far")])]),
    "a sparse attribute": GraphProto(node=[node(sparse_tensor=onnx.SparseTensorProto(values=external("far")))]),
    "sparse attributes": GraphProto(node=[node(sparse_tensors=[onnx.SparseTensorProto(indices=external("far"))])]),
    "a subgraph": nested(GraphProto(initializer=[external("far")]), 3),
}


@pytest.mark.parametrize("place", FOREIGN)
def test_a_foreign_domain_is_found_wherever_it_is(place: str, tmp_path: Path) -> None:
    """No place of a model can hide an operator's domain."""
    assert "acme" in scanned(FOREIGN[place].SerializeToString(), tmp_path).domains


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_external_file_is_found_wherever_it_is(place: str, tmp_path: Path) -> None:
    """No tensor can refer to a file unnoticed."""
    graph = ModelProto(graph=OUTSIDE[place])
    assert set(scanned(graph.SerializeToString(), tmp_path).external) == {"far"}


def test_the_farthest_byte_of_an_external_file_is_found(tmp_path: Path) -> None:
    """Of several tensors in one file, the one that ends last counts; a missing length adds nothing."""
    tensors = [external("f", offset=4096, length=8), external("f", length=64), external("g", offset=7), external("h")]
    graph = ModelProto(graph=GraphProto(initializer=tensors))
    assert scanned(graph.SerializeToString(), tmp_path).external == {"f": 4104, "g": 7, "h": 0}


@pytest.mark.parametrize("entry", ["-1", "x", "", "1.5", "0x10", "٣", " 1", "9" * 5000])
def test_an_offset_that_is_no_number_is_refused(entry: str, tmp_path: Path) -> None:
    """Offsets and lengths are plain whole numbers; anything else is damage."""
    tensor = external("f")
    tensor.external_data.add(key="offset", value=entry)
    with pytest.raises(BundleInvalidError):
        scanned(ModelProto(graph=GraphProto(initializer=[tensor])).SerializeToString(), tmp_path)


@pytest.mark.parametrize("data", [b"", b"\0", b"PK\x03\x04", b"not a graph", b"\x08\x09", b"\x3a\xff\xff\xff\xff\x0f"])
def test_what_is_no_graph_is_said_in_words(data: bytes, tmp_path: Path) -> None:
    """An empty file, another format and a model without a graph are refused by their place."""
    with pytest.raises(BundleInvalidError, match="not a readable ONNX file") as caught:
        scanned(data, tmp_path)
    assert caught.value.where == str(tmp_path / "graph.onnx")
    assert caught.value.remedy


def test_graphs_without_end_are_refused(tmp_path: Path) -> None:
    """Subgraphs in subgraphs are followed so far and no farther; damage must not exhaust the stack."""

    def deep(depth: int) -> bytes:
        data = b""
        for field in (*(6, 5, 1) * depth, 7):  # graph of an attribute, attribute of a node, node of a graph
            size = len(data)
            data = bytes([field << 3 | 2, size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + data
        return data

    scanned(deep(30), tmp_path)
    for depth in (40, 4000):
        with pytest.raises(BundleInvalidError):
            scanned(deep(depth), tmp_path)


@FUZZ
@given(data=st.data())
def test_a_graph_that_is_cut_short_is_refused_or_read(data: st.DataObject, tmp_path: Path) -> None:
    """Any beginning of a graph is refused in words unless it is a whole message by itself."""
    whole = FOREIGN[data.draw(st.sampled_from(sorted(FOREIGN)))].SerializeToString()
    read_or_refused(whole[: data.draw(st.integers(0, len(whole) - 1))], tmp_path)


@FUZZ
@given(data=st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(b":*\x12\x0a\x08\x7a\x01\x05\xff")).map(bytes)))
def test_arbitrary_bytes_are_refused_or_read(data: bytes, tmp_path: Path) -> None:
    """Whatever a file holds, scanning it ends in contents or in words."""
    read_or_refused(data, tmp_path)


def read_or_refused(data: bytes, folder: Path) -> None:
    """Scan what may be damaged; where the onnx package reads a graph, the same must have been found."""
    try:
        contents = scanned(data, folder)
    except BundleInvalidError as refusal:
        assert refusal.where  # noqa: PT017 - reading it is allowed too
        return
    try:
        expected = ModelProto.FromString(data)
    except Exception:  # noqa: BLE001 - stricter than the scan, which looks for two things alone
        return
    assert contents == found(expected)


tensors = st.one_of(
    st.builds(external, st.sampled_from(["a.bin", "../b", "/c", "dör/d"]), offset=st.integers(0, 2**40)),
    st.builds(TensorProto, name=WORDS, dims=st.lists(st.integers(0, 9), max_size=3), raw_data=st.binary(max_size=30)),
)
sparse = st.builds(onnx.SparseTensorProto, values=tensors, indices=tensors)
graphs = st.deferred(
    lambda: st.builds(
        GraphProto,
        name=WORDS,
        node=st.lists(nodes, max_size=2),
        initializer=st.lists(tensors, max_size=2),
        sparse_initializer=st.lists(sparse, max_size=1),
    )
)
attributes = st.one_of(
    st.builds(AttributeProto, name=WORDS, i=st.integers(-9, 9), floats=st.lists(st.floats(width=32), max_size=3)),
    st.builds(AttributeProto, name=WORDS, t=tensors),
    st.builds(AttributeProto, name=WORDS, sparse_tensors=st.lists(sparse, max_size=2)),
    st.builds(AttributeProto, name=WORDS, g=graphs),
    st.builds(AttributeProto, name=WORDS, graphs=st.lists(graphs, max_size=2)),
)
nodes = st.builds(NodeProto, op_type=WORDS, domain=DOMAINS, attribute=st.lists(attributes, max_size=2))
functions = st.builds(
    FunctionProto,
    name=WORDS,
    node=st.lists(nodes, max_size=2),
    attribute_proto=st.lists(attributes, max_size=1),
)
models = st.builds(
    ModelProto,
    ir_version=st.integers(1, 12),
    producer_name=WORDS,
    graph=graphs,
    functions=st.lists(functions, max_size=2),
    training_info=st.lists(st.builds(TrainingInfoProto, initialization=graphs, algorithm=graphs), max_size=1),
    opset_import=st.lists(st.builds(onnx.OperatorSetIdProto, domain=DOMAINS, version=st.integers(1, 20)), max_size=3),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(real=models)
def test_any_graph_holds_what_the_onnx_package_finds(real: ModelProto, tmp_path: Path) -> None:
    """Domains and external files agree with a walk over the parsed message, wherever they stand."""
    assert scanned(real.SerializeToString(), tmp_path) == found(real)


def found(real: ModelProto) -> OnnxContents:
    """Return what a parsed model holds."""
    contents = OnnxContents({opset.domain for opset in real.opset_import})
    for message in messages(real):
        if isinstance(message, NodeProto):
            contents.domains.add(message.domain)
        if isinstance(message, TensorProto):
            entries = {entry.key: entry.value for entry in message.external_data}
            if "location" in entries:
                end = int(entries.get("offset", 0)) + int(entries.get("length", 0))
                location = entries["location"]
                contents.external[location] = max(end, contents.external.get(location, 0))
    return contents


def messages(message: object) -> Iterator[object]:
    """Yield a message and every message in it."""
    yield message
    for field, value in message.ListFields():  # type: ignore[attr-defined] - any message of protobuf
        if field.type == field.TYPE_MESSAGE:
            for inner in value if field.is_repeated else [value]:
                yield from messages(inner)
