output "bot" {
  description = "deploy/iam/bot.json"
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.statements["bot"], local.other_accounts)
  })

  precondition {
    condition     = length(var.lock_table_arns) > 0 || var.lockfiles
    error_message = "Give lock_table_arns, set lockfiles to true, or both."
  }
}

output "doctor" {
  description = "deploy/iam/doctor.json"
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements["doctor"]
  })
}

output "migrate" {
  description = "deploy/iam/migrate.json"
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements["migrate"]
  })
}

output "backend" {
  description = "deploy/iam/backend.json"
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements["backend"]
  })
}

output "trust" {
  description = "deploy/iam/trust.json"
  value = jsonencode(jsondecode(replace(
    replace(local.trust, "arn:aws:iam::BOT_ACCOUNT:role/BOT_ROLE", var.bot_role_arn),
    "EXTERNAL_ID", var.external_id,
  )))
}
