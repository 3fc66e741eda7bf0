"""Where use cases meet adapters. Each function imports what it needs, so that start-up stays light."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nimbus.adapters.docker import Docker
    from nimbus.adapters.podman import Podman
    from nimbus.compile.compile import Compiled
    from nimbus.compile.inspect import Description
    from nimbus.config import Environment, Project
    from nimbus.engines.orders import Found
    from nimbus.export.target import Existing
    from nimbus.export.transfer import Exported
    from nimbus.image import build as image_build
    from nimbus.image import findings
    from nimbus.image.record import ImageRecord
    from nimbus.image.sizes import Sizes
    from nimbus.runs.observer import Observer
    from nimbus.runs.submit import Request, Result
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.records import Run
    from nimbus_runtime.store import Store


def project(env: str | None = None, *, config: Path | None = None) -> Project:
    """Return nimbus.toml as it holds in an environment."""
    from nimbus.config import load  # noqa: PLC0415

    return load(config, env)


def describe(env: str, config: Path | None = None) -> bool:
    """Describe an environment on AWS in nimbus.toml, unless it is; return whether it was written."""
    from nimbus.config import describing, load  # noqa: PLC0415

    return describing.describe(load(config, "local"), env)


def environment(env: str | Project | None = None, *, config: Path | None = None) -> Environment:
    """Return an environment that can be opened, by its name or as it was read; the local one without either."""
    from nimbus.adapters.terraform import TerraformFolder  # noqa: PLC0415
    from nimbus.config import Project, resolving  # noqa: PLC0415

    chosen = env if isinstance(env, Project) else project(env, config=config)
    return resolving.resolve(chosen, lambda folder: TerraformFolder(folder).outputs())


def open_environment(environment: Environment) -> Store:
    """Open the root of a pipeline in an environment."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.config.own_folder import keep_from_git  # noqa: PLC0415
    from nimbus_runtime.store import open_store  # noqa: PLC0415

    keep_from_git(Path(environment.root))
    return open_store(environment.root)


def actor(environment: Environment) -> str:
    """Return who the caller is, as entries and evidence name them: on AWS as AWS knows them."""
    if environment.region is not None:
        from nimbus.adapters.callers import caller  # noqa: PLC0415

        return caller(environment.region)
    from nimbus_runtime import claims  # noqa: PLC0415

    return claims.actor()


def dataset(
    root: str | os.PathLike[str], run: str | None = None, *, quarantined: bool = False
) -> tuple[Run, list[str]]:
    """Return a published or named run and the files of its rows, or of its quarantined documents so far."""
    from nimbus_runtime import published  # noqa: PLC0415

    store = published.reading(root)
    record = published.set_aside(store, run) if quarantined else published.published(store, run)
    return record, published.files(store, record.run, record.quarantine if quarantined else record.rows)


def export(  # noqa: PLR0913 - one argument an option
    root: str | os.PathLike[str],
    to: str,
    *,
    run: str | None = None,
    table: str | None = None,
    existing: Existing | str = "refuse",
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Exported:
    """Write the published dataset to the file or table that `to` names.

    What becomes of one that exists is `existing`: refuse, replace or append.
    """
    from nimbus.adapters.lines import CsvFile, JsonLines, JsonLinesFile  # noqa: PLC0415
    from nimbus.adapters.parquet import Parquet, ParquetFile  # noqa: PLC0415
    from nimbus.export import target, transfer  # noqa: PLC0415
    from nimbus_runtime.contract.records import OutputFormat  # noqa: PLC0415

    wanted = target.parse(to, table, target.Existing(existing))
    record, paths = dataset(root, run)
    source = (Parquet if record.output_format is OutputFormat.PARQUET else JsonLines)(tuple(paths))
    sink: transfer.Sink
    match wanted:
        case target.TableTarget():
            from nimbus.adapters.sql import SqlTable  # noqa: PLC0415

            unique = record.duplicates.ids == 0
            sink = SqlTable(wanted.url, wanted.table, record.run, unique=unique, existing=wanted.existing)
        case target.FileTarget(format=target.FileFormat.PARQUET):
            sink = ParquetFile(wanted.path, wanted.replace)
        case target.FileTarget(format=target.FileFormat.JSONL):
            sink = JsonLinesFile(wanted.path, wanted.packing, wanted.replace)
        case target.FileTarget():
            sink = CsvFile(wanted.path, wanted.packing, wanted.replace)
    return transfer.transfer(record, source, sink, progress)


def compile_pipeline(  # noqa: PLR0913 - one argument an option
    pipeline: str,
    output: Path,
    *,
    precision: str = "fp32",
    replace: bool = False,
    code: Sequence[Path] = (),
    allow: Sequence[str] = (),
) -> Compiled:
    """Compile a trained pipeline, named by path or installed name, into a bundle.

    `code` are files to import and carry, `allow` installed packages whose components it may use.
    """
    from nimbus.compile import compile as compiling  # noqa: PLC0415
    from nimbus.compile import extras, source  # noqa: PLC0415
    from nimbus_runtime.contract.bundle import Precision  # noqa: PLC0415

    with source.find(pipeline) as found:
        return compiling.compile_pipeline(
            found, output, precision=Precision(precision), replace=replace, extras=extras.extras(code, allow)
        )


def inspect(named: str, *, code: Sequence[Path] = (), allow: Sequence[str] = ()) -> Description:
    """Describe a bundle by its path, or a trained pipeline as it would compile with `code` and `allow`."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.compile import extras, source  # noqa: PLC0415
    from nimbus.compile import inspect as inspecting  # noqa: PLC0415

    if inspecting.is_bundle(Path(named)):
        return inspecting.describe_bundle(Path(named))
    with source.find(named) as found:
        return inspecting.describe_pipeline(found, extras.extras(code, allow))


def verify(bundle: Path) -> Bundle:
    """Check a bundle without opening it."""
    from nimbus_runtime import bundle as bundles  # noqa: PLC0415

    return bundles.verify(bundle)


def submit(request: Request, observer: Observer) -> Result:
    """Run on this machine and publish."""
    from nimbus.runs import submit as submitting  # noqa: PLC0415

    return submitting.submit(request, observer)


def serve(
    bundle: Path,
    keys_file: Path | None,
    listening: Callable[[str], None],
    **settings: Any,  # noqa: ANN401 - checked by ServeSettings, whose fields they are
) -> None:
    """Serve a bundle over HTTP until a signal comes."""
    from nimbus_runtime.serve import keys, server  # noqa: PLC0415
    from nimbus_runtime.serve.settings import ServeSettings  # noqa: PLC0415

    named = keys.read(os.environ.get(keys.VARIABLE, ""), keys.VARIABLE)
    found = (*named, *(keys.read_file(keys_file) if keys_file else ()))
    server.serve(ServeSettings(bundle, keys=found, **settings), listening)


def new_key(name: str, keys_file: Path | None) -> tuple[str, str]:
    """Return a new API key, and the line that is kept of it, also in a file where one is named."""
    from nimbus_runtime.serve import keys  # noqa: PLC0415

    secret, key = keys.make(name)
    if keys_file is not None:
        keys.add(keys_file, key)
    return secret, f"{key.name}:{key.sha256}"


def cores() -> int:
    """Return how many worker processes suit this machine: one for each core this process may use."""
    from nimbus.adapters import machine  # noqa: PLC0415

    return machine.cores()


def engines() -> list[Found]:
    """Look for container engines, the one to be preferred first."""
    from nimbus.adapters.docker import Docker  # noqa: PLC0415
    from nimbus.adapters.podman import Podman  # noqa: PLC0415

    return [Docker.find(), Podman.find()]


def _engine(wanted: str | None) -> Docker | Podman:
    from nimbus.adapters.docker import Docker  # noqa: PLC0415
    from nimbus.adapters.podman import Podman  # noqa: PLC0415
    from nimbus.image.choosing import choose  # noqa: PLC0415

    return Docker() if choose(engines(), wanted).engine == Docker.name else Podman()


def plan_image(order: image_build.Order, engine: str | None = None) -> image_build.Planned:
    """Decide what an image is built from, and fetch it; `engine` is docker or podman, whichever works without."""
    from nimbus.adapters.pip import Pip  # noqa: PLC0415
    from nimbus.image import build, recipe  # noqa: PLC0415

    return build.plan(order, recipe.read(), _engine(engine), Pip())


def kept_image(planned: image_build.Planned, output: Path, engine: str | None = None) -> ImageRecord | None:
    """Return the record of what was planned, where a folder has it and the engine still has the image."""
    from nimbus.image import build  # noqa: PLC0415

    return build.kept(planned, _engine(engine), output)


def build_image(planned: image_build.Planned, output: Path, engine: str | None = None) -> ImageRecord:
    """Build what was planned, try it, and record it in a folder."""
    from nimbus.image import build  # noqa: PLC0415

    return build.apply(planned, _engine(engine), output)


def image(named: Path) -> ImageRecord:
    """Return the record of an image, by its folder or by the bundle that it carries."""
    from nimbus.image import record  # noqa: PLC0415

    return record.read(named)


def push_image(record: ImageRecord, repository: str, folder: Path) -> ImageRecord:
    """Push an image to a repository of ECR, or of another registry as the engine is logged in there."""
    from nimbus.adapters import ecr  # noqa: PLC0415
    from nimbus.adapters.registry import EngineRegistry  # noqa: PLC0415
    from nimbus.image import push  # noqa: PLC0415

    engine = _engine(record.engine)
    registry = ecr.Ecr(ecr.region_of(repository)) if ecr.is_ecr(repository) else EngineRegistry(engine)
    return push.push(record, repository, engine, registry, folder)


def fetch_image(reference: str, engine: str | None = None) -> str:
    """Have a registry's image on this machine; return the engine that runs it."""
    from nimbus.adapters import ecr  # noqa: PLC0415

    repository = reference.partition("@")[0]
    login = ecr.Ecr(ecr.region_of(repository)).login(repository) if ecr.is_ecr(repository) else None
    found = _engine(engine)
    found.pull(reference, login)
    return found.name


def weigh_image(record: ImageRecord) -> dict[str, Sizes]:
    """Return where an image's bytes are, by architecture."""
    from nimbus.image import sizes  # noqa: PLC0415

    engine, weighed = _engine(record.engine), {}
    for part in record.parts:
        with engine.exported(part.id) as archive:
            weighed[part.architecture.value] = sizes.weigh(archive)
    return weighed


def scan_image(reference: str, threshold: str = "high", wait_seconds: float = 0.0) -> findings.Verdict:
    """Judge what ECR's scan found in an image, named as repository@sha256:…; the threshold off lets everything pass."""
    from nimbus.adapters import ecr  # noqa: PLC0415
    from nimbus.engines.orders import Severity  # noqa: PLC0415
    from nimbus.image import findings  # noqa: PLC0415

    repository, _, digest = reference.partition("@")
    scan = ecr.Ecr(ecr.region_of(repository)).scan(repository, digest, wait_seconds)
    return findings.judge(scan, None if threshold == "off" else Severity(threshold))
