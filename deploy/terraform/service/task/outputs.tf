output "bot" {
  description = "The container of the bot."
  value       = jsonencode([local.bot])
}

output "migrate" {
  description = "The container of the migrations."
  value       = jsonencode([local.migrate])
}

output "execution" {
  description = "What ECS may do to start them."
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}
