variable "image" {
  description = "The image and its version, such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/locktender:0.1.0."
  type        = string

  validation {
    condition     = can(regex(":[^/:]+$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name a version, or a digest, so that both replicas run the same."
  }
}

variable "cluster_arn" {
  description = "The ECS cluster in which the bot runs."
  type        = string
}

variable "vpc_id" {
  description = "The network of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which Discord and AWS can be reached, in two zones or more."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Whether the subnets have no NAT gateway, so that a task needs an address of its own to reach Discord."
  type        = bool
  default     = false
}

variable "task_role_arn" {
  description = "The bot's role: the output `role_arn` of the main module."
  type        = string
}

variable "migrate_role_arn" {
  description = "The role of the migrations: the output `migrate_role_arn` of the main module."
  type        = string
}

variable "token_arn" {
  description = "Where the bot's token is: the ARN of a secret of Secrets Manager or of a parameter of SSM. With a colon and a key, as ECS has it, one value of a secret that is JSON."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)", var.token_arn))
    error_message = "It is the ARN of a secret of Secrets Manager or of a parameter of SSM."
  }
}

variable "token_key_arn" {
  description = "The KMS key of that secret, if it is a key of yours."
  type        = string
  default     = ""
}

variable "environment" {
  description = "The settings of the bot, as in .env.example, without the token."
  type        = map(string)

  validation {
    condition     = !contains(keys(var.environment), "DISCORD_TOKEN")
    error_message = "The token comes from `token_arn`. Here, everybody who may describe a task definition could read it."
  }
}

variable "replicas" {
  description = "One is connected to Discord, the others stand by. 0 until the migrations were applied for the first time."
  type        = number
  default     = 2
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64. The image must be built for it."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "It is X86_64 or ARM64."
  }
}

variable "log_retention_days" {
  description = "How long the log is kept. The audit trail is not in it."
  type        = number
  default     = 90
}

variable "name" {
  description = "Name of all that this module makes."
  type        = string
  default     = "locktender"
}
