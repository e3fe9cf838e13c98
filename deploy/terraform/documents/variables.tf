variable "state_bucket_arns" {
  type = list(string)
}

variable "lock_table_arns" {
  type    = list(string)
  default = []

  validation {
    condition     = alltrue([for arn in var.lock_table_arns : can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/", arn))])
    error_message = "A lock table is an ARN such as arn:aws:dynamodb:eu-central-1:111122223333:table/terraform-locks."
  }
}

variable "lockfiles" {
  type    = bool
  default = false
}

variable "other_role_arns" {
  type    = list(string)
  default = []
}

variable "table_arn" {
  type    = string
  default = ""
}

variable "audit_table_arn" {
  type    = string
  default = ""
}

variable "bot_role_arn" {
  type    = string
  default = ""
}

variable "external_id" {
  type    = string
  default = ""

  validation {
    condition     = var.external_id == "" || can(regex("^[A-Za-z0-9+=,.@:/_-]+$", var.external_id)) && length(var.external_id) >= 16
    error_message = "An external ID has 16 or more letters, digits or + = , . @ : / _ -"
  }
}
