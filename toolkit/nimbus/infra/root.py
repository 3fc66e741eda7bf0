"""The root configuration of an environment, as files: what `nimbus infra init` writes and `plan` keeps in step.

What nimbus.toml says reaches Terraform by one file of variables that is written each time; everything
else is written once and belongs to whoever keeps the folder. The modules lie beside it, so that the
folder is whole on any machine, with or without Nimbus.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath

from nimbus.config import Project, writing
from nimbus.infra.errors import InfraUsageError
from nimbus.schedules import expressions
from nimbus.schedules.gaps import gaps
from nimbus_runtime.readers.formats import recognise

VARIABLES = "nimbus.auto.tfvars.json"
TFVARS = "terraform.tfvars"
_MODULES = ("platform", "pipeline", "observability")
_LEFT_OUT = ("tests", ".terraform", ".terraform.lock.hcl")
_YEAR = 366 * 24 * 60  # minutes
_ALLOWANCE = 240  # minutes
_UNWATCHED = timedelta(days=7)  # of a rate
_NAME = 24  # characters that the module allows
_ENVIRONMENT, _DIGEST = 10, 4  # of them where both names do not fit


@dataclass(frozen=True, slots=True)
class Written:
    """What became of each file: written, kept as it was, or left since it is another one than would be written."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What nobody but a user knows. `state_bucket` None: the state lies in the folder."""

    region: str
    emails: tuple[str, ...] = ()
    state_bucket: str | None = None


def files(project: Project, settings: Settings, modules: Path) -> dict[str, str]:
    """Return every file of a root configuration by its path in the folder."""
    found = {
        "main.tf": _MAIN,
        "variables.tf": _VARIABLES,
        "outputs.tf": _OUTPUTS,
        "versions.tf": _VERSIONS,
        ".gitignore": ".terraform/\nnimbus.tfplan\n*.tfstate*\n",
        TFVARS: _tfvars(settings),
        VARIABLES: variables(project),
    }
    if settings.state_bucket is not None:
        key = f"nimbus/{project.pipeline.name}/{project.environment}.tfstate"
        found["backend.tf"] = _BACKEND.format(bucket=settings.state_bucket, key=key, region=settings.region)
    for module in _MODULES:
        for path in sorted((modules / module).rglob("*")):
            inside = path.relative_to(modules)
            if path.is_file() and not any(part in _LEFT_OUT for part in inside.parts):
                found[f"modules/{inside}"] = path.read_text(encoding="utf-8")
    return found


def write(folder: Path, wanted: Mapping[str, str], *, upgrade: bool) -> Written:
    """Write what is missing. What differs is left, but for the variables, and on an upgrade the modules."""
    written, kept, changed = [], [], []
    for place, text in wanted.items():
        path = folder / place
        ours = place == VARIABLES or (upgrade and place.startswith("modules/"))
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            kept.append(place)
        elif path.exists() and not ours:
            changed.append(place)
        else:
            with writing.in_words(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            written.append(place)
    return Written(tuple(written), tuple(kept), tuple(changed))


def write_variables(folder: Path, text: str) -> None:
    """Write what nimbus.toml says to Terraform."""
    with writing.in_words(folder / VARIABLES):
        (folder / VARIABLES).write_text(text, encoding="utf-8")


def name(project: Project) -> str:
    """Return what the environment's resources begin with: pipeline and environment.

    Where they do not fit both are cut, and a digest of the whole keeps those apart that are cut alike.
    """
    pipeline, environment = _plain(project.pipeline.name), _plain(project.environment)
    whole = f"{pipeline}-{environment}"
    if len(whole) <= _NAME:
        return whole
    digest = hashlib.sha256(f"{project.pipeline.name}/{project.environment}".encode()).hexdigest()[:_DIGEST]
    end = f"-{digest}-{environment[:_ENVIRONMENT].rstrip('-')}"
    return pipeline[: _NAME - len(end)].rstrip("-") + end


def variables(project: Project, *, delete_data: bool = False) -> str:
    """Return what nimbus.toml says to Terraform."""
    schedule, task = project.schedule, project.task
    if schedule is None:
        raise InfraUsageError(
            "an environment on AWS needs a schedule",
            where=str(project.file),
            expected='[schedule] with an expression, such as expression = "cron(0 2 * * ? *)"',
            remedy="add it; `nimbus pause` keeps runs from beginning",
        )
    expression = expressions.parse(schedule.expression)
    if isinstance(expression, expressions.Rate) and expression.every >= _UNWATCHED:
        raise InfraUsageError(
            "nothing on AWS would tell that runs of this rate stay away",
            where=f"{project.file}: schedule.expression",
            got=schedule.expression,
            expected="a rate below 7 days, since alarms look back no further",
            remedy='use cron, which is watched whatever its interval, such as expression = "cron(0 2 ? * MON *)"',
        )
    interval, longest = _intervals(expression)
    told = {
        "environment": name(project),
        "pipeline": project.pipeline.name,
        "schedule_expression": schedule.expression,
        "schedule_time_zone": schedule.time_zone,
        "overlap": schedule.overlap.value,
        "interval_minutes": interval,
        "longest_interval_minutes": longest,
        "allowance_minutes": max(1, min(_ALLOWANCE, interval // 2)),
        "input_locations": locations(project.input.paths, any_name=project.input.format is not None),
        "cpu": task.cpu,
        "memory": task.memory,
        "cpu_architecture": task.architecture.value,
        "spot": task.spot,
        "max_concurrency": task.max_concurrency,
        "quarantine_percent": round(project.output.max_quarantine * 100, 4),
        "force_destroy": delete_data,
    }
    return json.dumps(told, indent=2) + "\n"


def locations(paths: tuple[str, ...], *, any_name: bool = False) -> list[str]:
    """Return where in S3 workers may read: the folders of the inputs that lie there.

    A path is the folder of a file or of a pattern, and otherwise, as for who reads it, a folder itself. Where files
    have `any_name`, since their format is told, it may be either, and is granted as both: an object, and all below it.
    """
    found: dict[str, None] = {}
    for path in paths:
        if path.startswith("s3://"):
            plain = path[: min((path.find(sign) for sign in "*?[" if sign in path), default=len(path))]
            bucket, _, key = plain.removeprefix("s3://").partition("/")
            inside = plain != path or recognise(PurePosixPath(key).name)[0] is not None
            if any_name and not inside and not key.endswith("/"):
                found |= {f"s3://{bucket}/{key}": None, f"s3://{bucket}/{key}/": None}
            else:
                found[f"s3://{bucket}/{key.rpartition('/')[0] if inside else key}".rstrip("/") + "/"] = None
    return list(found)


def _plain(name: str) -> str:
    return re.sub("[-_]+", "-", name.lower()).strip("-")


def _intervals(expression: expressions.Expression) -> tuple[int, int]:
    """Return the shortest and the longest time between due times, in minutes as the module takes them."""
    found = gaps(expression)
    shortest, longest = (max(5, min(gap // timedelta(minutes=1), _YEAR)) for gap in found) if found else (_YEAR, _YEAR)
    return shortest, longest


def _tfvars(settings: Settings) -> str:
    return f"region              = {json.dumps(settings.region)}\nnotification_emails = {json.dumps(settings.emails)}\n"


_MAIN = """# An environment on AWS. Yours to change: `nimbus infra` writes nimbus.auto.tfvars.json alone.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      "nimbus:environment" = var.environment
    }
  }
}

module "platform" {
  source = "./modules/platform"

  name                = var.environment
  notification_emails = var.notification_emails
  force_destroy       = var.force_destroy
}

module "pipeline" {
  source = "./modules/pipeline"

  name                = var.pipeline
  platform            = module.platform
  schedule_expression = var.schedule_expression
  schedule_time_zone  = var.schedule_time_zone
  overlap             = var.overlap
  input_locations     = concat(["s3://${module.platform.bucket}/inputs/"], var.input_locations)
  cpu                 = var.cpu
  memory              = var.memory
  cpu_architecture    = var.cpu_architecture
  spot                = var.spot
  max_concurrency     = var.max_concurrency
  force_destroy       = var.force_destroy
}

module "observability" {
  source = "./modules/observability"

  platform                 = module.platform
  pipeline                 = module.pipeline
  interval_minutes         = var.interval_minutes
  longest_interval_minutes = var.longest_interval_minutes
  allowance_minutes        = var.allowance_minutes
  quarantine_percent       = var.quarantine_percent
}
"""
_KINDS = {
    "region": ("string", "Region of the environment."),
    "notification_emails": ("set(string)", "Who is told of failed and missed runs."),
    "environment": ("string", "Name of the environment, unique in the account."),
    "pipeline": ("string", "Name of the pipeline."),
    "schedule_expression": ("string", "When runs are due."),
    "schedule_time_zone": ("string", "Time zone of the schedule."),
    "overlap": ("string", "What a run does that is due while an earlier one still goes."),
    "interval_minutes": ("number", "Shortest time between two due runs."),
    "longest_interval_minutes": ("number", "Longest time between two due runs."),
    "allowance_minutes": ("number", "How long after it was due a run may be published."),
    "input_locations": ("list(string)", "Where workers may read, besides inputs/ in the environment's bucket."),
    "cpu": ("number", "Units of 1/1024 vCPU of a task."),
    "memory": ("number", "MiB of a task."),
    "cpu_architecture": ("string", "Processor family of tasks."),
    "spot": ("bool", "Whether batches are tried on Fargate Spot first."),
    "max_concurrency": ("number", "How many tasks score at once."),
    "quarantine_percent": ("number", "Share of a run's documents in quarantine that raises an alarm."),
    "force_destroy": ("bool", "Whether destroying removes datasets and images."),
}
_VARIABLES = "\n".join(
    f'variable "{variable}" {{\n  description = "{about}"\n  type        = {kind}\n  nullable    = false\n}}\n'
    for variable, (kind, about) in _KINDS.items()
)
_OUTPUTS = """output "environment" {
  description = "What the toolkit reads: `nimbus infra output`."
  value       = module.pipeline.environment
}

output "nimbus_toml" {
  description = "The same as a block for `nimbus.toml`, for who has no Terraform."
  value       = module.pipeline.nimbus_toml
}

output "bucket" {
  description = "Bucket of the environment; workers may read inputs/ in it."
  value       = module.platform.bucket
}

output "deployer_policy_arn" {
  description = "Policy to attach to the role of whoever deploys."
  value       = module.pipeline.deployer_policy_arn
}

output "text_reader_policy_arn" {
  description = "Policy to attach beside it where a candidate is shadowed on real inputs."
  value       = module.pipeline.text_reader_policy_arn
}

output "pruner_policy_arn" {
  description = "Policy to attach to the role of whoever prunes."
  value       = module.pipeline.pruner_policy_arn
}
"""
_VERSIONS = """terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7"
    }
  }
}
"""
_BACKEND = """terraform {{
  backend "s3" {{
    bucket       = "{bucket}"
    key          = "{key}"
    region       = "{region}"
    encrypt      = true
    use_lockfile = true
  }}
}}
"""
