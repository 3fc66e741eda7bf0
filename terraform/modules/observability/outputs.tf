output "alarm_arns" {
  description = "Alarms by name."
  value = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.arn },
    { for name, alarm in aws_cloudwatch_metric_alarm.silence : name => alarm.arn },
  )
}

output "dashboard" {
  description = "Name of the dashboard in CloudWatch."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "watch_state_machine_arn" {
  description = "State machine that looks for missed runs. Null for a `rate`, which the alarm `no-run` watches."
  value       = one(aws_sfn_state_machine.watch[*].arn)
}
