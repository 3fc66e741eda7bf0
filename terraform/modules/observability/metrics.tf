# What the worker calls its figures, as in inference_image/nimbus_runtime/contract/metrics.json. The worker writes them
# into its log in CloudWatch's embedded format: no call, no agent, no permission.

locals {
  metric_namespace = "Nimbus"

  metrics = {
    documents_scored      = "DocumentsScored"
    documents_quarantined = "DocumentsQuarantined"
    documents_per_second  = "DocumentsPerSecond"
    quarantine_percent    = "QuarantinePercent"
    run_seconds           = "RunSeconds"
    drift_ratio           = "DriftRatio"
    run_cost              = "RunCostUSD"
  }

  metric_dimensions = {
    Environment = var.platform.name
    Pipeline    = var.pipeline.name
  }
}
