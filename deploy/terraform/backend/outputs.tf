output "role_arn" {
  description = "role_arn of the bot's backend, and one of `other_role_arns` of the main module."
  value       = aws_iam_role.backend.arn
}
