"""Where moto differs from AWS, one module a difference.

The order matters: a mend may wrap what an earlier one put in force.
"""

from __future__ import annotations

from tests.aws.mends import (
    bucket_policies,
    callers,
    casing,
    conditional_writes,
    definition_validation,
    embedded_metrics,
    exit_codes,
    fatal_errors,
    large_results,
    notices,
    passed_parameters,
    redrive_policies,
    registries,
    result_writer,
    retried_tasks,
    rule_descriptions,
    runnable_versions,
    running_tasks,
    service_errors,
    simulated_policies,
    singleton_paths,
    status_events,
    stopped_executions,
    tolerated_failures,
    unknown_operations,
    version_operations,
)

MENDS = (
    unknown_operations.MEND,
    conditional_writes.MEND,
    bucket_policies.MEND,
    redrive_policies.MEND,
    registries.MEND,
    simulated_policies.MEND,
    rule_descriptions.MEND,
    running_tasks.MEND,
    callers.MEND,
    definition_validation.MEND,
    version_operations.MEND,
    runnable_versions.MEND,
    stopped_executions.MEND,
    status_events.MEND,
    notices.MEND,
    embedded_metrics.MEND,
    casing.MEND,
    passed_parameters.MEND,
    service_errors.MEND,
    exit_codes.MEND,
    retried_tasks.MEND,
    fatal_errors.MEND,
    singleton_paths.MEND,
    large_results.MEND,
    result_writer.MEND,
    tolerated_failures.MEND,
)
