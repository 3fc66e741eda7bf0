# One page a pipeline: do runs happen, how long do they take, what do they find, what do they cost.

locals {
  # Each figure of the worker as CloudWatch's widgets name it.
  own = { for key, name in local.metrics : key => concat([local.metric_namespace, name], flatten([for dimension, value in local.metric_dimensions : [dimension, value]])) }
  run = { for name in ["ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionTime"] :
  name => ["AWS/States", name, "StateMachineArn", local.machine_arn] }

  graphs = [
    { title = "Runs", stat = "Sum", period = 3600, metrics = [local.run.ExecutionsSucceeded, local.run.ExecutionsFailed, local.run.ExecutionsTimedOut, local.run.ExecutionsAborted] },
    { title = "Duration of a run (ms, from start to end)", stat = "Maximum", period = 3600, metrics = [local.run.ExecutionTime] },
    { title = "Documents", stat = "Sum", period = 3600, metrics = [local.own.documents_scored, local.own.documents_quarantined] },
    { title = "Documents a second and process", stat = "Average", period = 3600, metrics = [local.own.documents_per_second] },
    { title = "Quarantined (percent)", stat = "Maximum", period = 3600, metrics = [local.own.quarantine_percent] },
    { title = "Drift (above 1: material)", stat = "Maximum", period = 3600, metrics = [local.own.drift_ratio] },
    { title = "From plan to dataset (seconds)", stat = "Maximum", period = 3600, metrics = [local.own.run_seconds] },
    { title = "Scoring a run (USD, by on-demand list prices of us-east-1)", stat = "Sum", period = 86400, metrics = [local.own.run_cost] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 3
        properties = {
          title  = "Alarms of ${var.pipeline.name}"
          alarms = concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn], [for alarm in aws_cloudwatch_metric_alarm.silence : alarm.arn])
        }
      }],
      [for number, graph in local.graphs : {
        type   = "metric"
        x      = 12 * (number % 2)
        y      = 3 + 6 * floor(number / 2)
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = graph.stat
          period  = graph.period
          metrics = graph.metrics
        }
      }],
    )
  })
}
