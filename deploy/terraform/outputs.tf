output "role_arn" {
  description = "The bot's role. It is `bot_role_arn` of the module `backend`."
  value       = aws_iam_role.bot.arn
}

output "policy_arn" {
  description = "The bot's policy, for an identity that is not this role."
  value       = aws_iam_policy.bot.arn
}

output "doctor_policy_arn" {
  description = "The policy of the doctor, for an identity that is not this role."
  value       = aws_iam_policy.doctor.arn
}

output "migrate_policy_arn" {
  description = "The policy for the identity that runs `locktender migrate`."
  value       = aws_iam_policy.migrate.arn
}

output "migrate_role_arn" {
  description = "The role for a task or a pod that runs `locktender migrate`. It is null on an instance, where you run it."
  value       = one(aws_iam_role.migrate[*].arn)
}

output "instance_profile_name" {
  description = "Give it to the instance on which the bot runs. It is null for a task or a pod."
  value       = one(aws_iam_instance_profile.bot[*].name)
}

output "environment" {
  description = "Settings of the bot that this module knows."
  value = {
    LOCKTENDER_TABLE       = aws_dynamodb_table.own.name
    LOCKTENDER_AUDIT_TABLE = aws_dynamodb_table.audit.name
  }
}
