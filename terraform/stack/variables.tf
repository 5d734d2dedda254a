variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-central-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-central-1."
  }
}

variable "environment" {
  description = "Name of the environment; part of every name, so that several fit in one account."
  type        = string
  default     = "production"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.environment))
    error_message = "environment must be 2 to 16 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "bucket_name" {
  description = "Name of the lake's bucket; null makes one of environment, account and region."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete a bucket that still holds objects. For trials only."
  type        = bool
  default     = false
  nullable    = false
}

variable "eks" {
  description = "EKS cluster that runs the exporter: its OIDC provider, the namespace of the release and the service accounts of the export CronJob. Null outside of EKS."
  type = object({
    oidc_provider_arn = string
    oidc_issuer_url   = string
    namespace         = optional(string, "countinghouse")
    service_accounts  = optional(list(string), ["lake"])
  })
  default = null
}

variable "trusted_principal_arns" {
  description = "IAM roles or users that may assume the exporter role, for an exporter outside of EKS."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "events_max_age_days" {
  description = "Oldest event that is accepted, in days: events.maxAgeDays of the chart. Until then an hour may be rewritten, so its objects stay in the standard class."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.events_max_age_days >= 1 && var.events_max_age_days <= 3650 && floor(var.events_max_age_days) == var.events_max_age_days
    error_message = "events_max_age_days must be a whole number from 1 to 3650."
  }
}

variable "lake_first_date" {
  description = "First day (YYYY-MM-DD, UTC) that Athena looks for."
  type        = string
  default     = "2025-01-01"
  nullable    = false
}

variable "access_log_bucket" {
  description = "Existing bucket that receives the S3 access log of the lake; null writes none."
  type        = string
  default     = null
}

variable "kafka" {
  description = "An existing managed Kafka (MSK or Confluent Cloud) that the chart should use; null leaves Kafka to Strimzi. This stack never creates one. Addresses only: passwords stay in Kubernetes Secrets."
  type = object({
    bootstrap_brokers   = list(string)
    ca_secret           = string
    user_prefix         = optional(string, "countinghouse")
    replicas            = optional(number, 3)
    min_insync_replicas = optional(number, 2)
  })
  default = null

  validation {
    condition     = var.kafka == null ? true : length(var.kafka.bootstrap_brokers) > 0 && alltrue([for broker in var.kafka.bootstrap_brokers : can(regex("^[A-Za-z0-9.-]+:[0-9]{1,5}$", broker))])
    error_message = "kafka.bootstrap_brokers must be at least one host:port, without a scheme."
  }

  validation {
    condition     = var.kafka == null ? true : var.kafka.min_insync_replicas >= 1 && var.kafka.min_insync_replicas <= var.kafka.replicas
    error_message = "kafka.min_insync_replicas must be from 1 to kafka.replicas."
  }

  validation {
    condition     = var.kafka == null ? true : length(var.kafka.ca_secret) > 0
    error_message = "kafka.ca_secret must name the Secret with the CA of the brokers in ca.crt."
  }
}
