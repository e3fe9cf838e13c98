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

variable "other_role_arns" {
  description = "The roles of the module `backend` in other accounts."
  type        = list(string)
  default     = []
}

variable "trusted_service" {
  description = "Where the bot runs: on an instance (ec2.amazonaws.com), as an ECS task (ecs-tasks.amazonaws.com), or in EKS with Pod Identity (pods.eks.amazonaws.com)."
  type        = string
  default     = "ec2.amazonaws.com"

  validation {
    condition     = contains(["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"], var.trusted_service)
    error_message = "It is ec2.amazonaws.com, ecs-tasks.amazonaws.com or pods.eks.amazonaws.com."
  }
}

variable "role_name" {
  description = "Name of the bot's role, its policy, and its instance profile. The others are named after it."
  type        = string
  default     = "locktender"
}

variable "table_name" {
  description = "Name of the bot's own table (LOCKTENDER_TABLE)."
  type        = string
  default     = "locktender"
}

variable "audit_table_name" {
  description = "Name of the table of the audit trail (LOCKTENDER_AUDIT_TABLE)."
  type        = string
  default     = "locktender-audit"
}
