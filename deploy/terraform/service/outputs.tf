output "migrate" {
  description = "The command that applies the migrations. It prints the task; its log is in the log group."
  value = join(" ", [
    "aws ecs run-task --launch-type FARGATE",
    "--cluster ${var.cluster_arn}",
    "--task-definition ${aws_ecs_task_definition.migrate.arn}",
    "--network-configuration '${jsonencode({
      awsvpcConfiguration = {
        subnets        = var.subnet_ids
        securityGroups = [aws_security_group.bot.id]
        assignPublicIp = var.assign_public_ip ? "ENABLED" : "DISABLED"
      }
    })}'",
  ])
}

output "log_group_name" {
  description = "Where the bot and the migrations log."
  value       = aws_cloudwatch_log_group.log.name
}

output "security_group_id" {
  description = "For a rule that lets Prometheus reach port 8080."
  value       = aws_security_group.bot.id
}
