variable "bot_role_arn" {
  description = "The bot's role: the output `role_arn` of the main module."
  type        = string
}

variable "external_id" {
  description = "A word that nobody guesses, another one for each account. It is external_id of the bot's backend."
  type        = string

  # Its form is checked in `documents`, where it may be empty.
  validation {
    condition     = var.external_id != ""
    error_message = "Give an external ID."
  }
}

variable "state_bucket_arns" {
  description = "The buckets of your states, such as arn:aws:s3:::my-states."
  type        = list(string)
}

variable "lock_table_arns" {
  description = "The DynamoDB lock tables, such as arn:aws:dynamodb:eu-central-1:111122223333:table/terraform-locks."
  type        = list(string)
  default     = []
}

variable "lockfiles" {
  description = "Whether there are lockfiles (use_lockfile)."
  type        = bool
  default     = false
}

variable "role_name" {
  description = "Name of the role that this module makes."
  type        = string
  default     = "locktender"
}
