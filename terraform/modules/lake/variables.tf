variable "name" {
  description = "Prefix of the names of the IAM role and policies, the KMS alias and the Athena workgroup."
  type        = string
  default     = "countinghouse-lake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "bucket_name" {
  description = "Name of the bucket; unique among all buckets of the AWS partition."
  type        = string
  nullable    = false

  validation {
    # Dots are legal in S3 but break TLS with virtual-host addresses.
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be 3 to 63 lower-case letters, digits and hyphens (no dots), and start and end with a letter or digit."
  }
}

variable "prefix" {
  description = "Key prefix of the lake, as in LAKE_URL=s3://bucket/prefix, without slashes at its ends; empty for the whole bucket. Events lie below it, in events/."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$", var.prefix))
    error_message = "prefix must be empty or path parts of letters, digits, _ and -, joined by single slashes, without one at either end."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete a bucket that still holds objects. For trials only."
  type        = bool
  default     = false
  nullable    = false
}

variable "infrequent_access_after_days" {
  description = "Age in days at which a Parquet object moves to STANDARD_IA. Keep it above the oldest accepted event (events.maxAgeDays of the chart), because rewriting a colder object costs its minimum storage time."
  type        = number
  default     = 45
  nullable    = false

  validation {
    condition     = var.infrequent_access_after_days >= 30 && floor(var.infrequent_access_after_days) == var.infrequent_access_after_days
    error_message = "infrequent_access_after_days must be a whole number of at least 30, the least that S3 accepts for STANDARD_IA."
  }
}

variable "archive_after_days" {
  description = "Age in days at which a Parquet object moves to GLACIER_IR. Queries still read it at once; the classes below it would need a restore first."
  type        = number
  default     = 180
  nullable    = false

  validation {
    condition     = var.archive_after_days >= var.infrequent_access_after_days + 30 && floor(var.archive_after_days) == var.archive_after_days
    error_message = "archive_after_days must be a whole number at least 30 above infrequent_access_after_days."
  }
}

variable "expire_after_days" {
  description = "Age in days at which events leave the lake; null keeps them for ever."
  type        = number
  default     = null

  validation {
    condition     = var.expire_after_days == null ? true : var.expire_after_days > var.archive_after_days && floor(var.expire_after_days) == var.expire_after_days
    error_message = "expire_after_days must be null or a whole number above archive_after_days."
  }
}

variable "noncurrent_version_days" {
  description = "Days for which a replaced or deleted version of an object can still be restored."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 365 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days must be a whole number from 1 to 365."
  }
}

variable "abort_multipart_days" {
  description = "Days after which the parts of an upload that was never completed are removed."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.abort_multipart_days >= 1 && var.abort_multipart_days <= 30 && floor(var.abort_multipart_days) == var.abort_multipart_days
    error_message = "abort_multipart_days must be a whole number from 1 to 30."
  }
}

variable "access_log_bucket" {
  description = "Existing bucket that receives the S3 access log of the lake; null writes none."
  type        = string
  default     = null

  validation {
    condition     = var.access_log_bucket == null ? true : var.access_log_bucket != var.bucket_name
    error_message = "access_log_bucket must be another bucket: a bucket that logs to itself fills itself."
  }
}

variable "kms_deletion_window_days" {
  description = "Days between scheduling the deletion of the key and its deletion. Without the key the lake cannot be read."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30 && floor(var.kms_deletion_window_days) == var.kms_deletion_window_days
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }
}

variable "irsa" {
  description = "EKS service accounts that may become the exporter: the OIDC provider of the cluster and the accounts that the export CronJob runs under. Null when the exporter does not run on EKS."
  type = object({
    oidc_provider_arn = string
    oidc_issuer_url   = string
    service_accounts = list(object({
      namespace = string
      name      = string
    }))
  })
  default = null

  validation {
    condition     = var.irsa == null ? true : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.irsa.oidc_provider_arn))
    error_message = "irsa.oidc_provider_arn must be the ARN of an IAM OIDC provider: arn:aws:iam::<account>:oidc-provider/<issuer>."
  }

  validation {
    condition     = var.irsa == null ? true : can(regex("^https://[^/]+(/.*[^/])?$", var.irsa.oidc_issuer_url))
    error_message = "irsa.oidc_issuer_url must start with https:// and end without a slash."
  }

  validation {
    condition     = var.irsa == null ? true : endswith(var.irsa.oidc_provider_arn, ":oidc-provider/${trimprefix(var.irsa.oidc_issuer_url, "https://")}")
    error_message = "irsa.oidc_provider_arn and irsa.oidc_issuer_url must name the same issuer."
  }

  validation {
    condition     = var.irsa == null ? true : length(var.irsa.service_accounts) > 0
    error_message = "irsa.service_accounts must name at least one service account."
  }

  validation {
    # A star would be taken literally by StringEquals, and would open the role to strangers if that ever became StringLike.
    condition = var.irsa == null ? true : alltrue([
      for account in var.irsa.service_accounts :
      can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", account.namespace)) && can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", account.name))
    ])
    error_message = "irsa.service_accounts must be Kubernetes names, without wildcards."
  }
}

variable "trusted_principal_arns" {
  description = "IAM roles or users that may assume the exporter role, for an exporter outside of EKS."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "trusted_principal_arns must be ARNs of single IAM roles or users: no account roots, no wildcards."
  }

  validation {
    condition     = var.irsa != null || length(var.trusted_principal_arns) > 0
    error_message = "Nobody could assume the exporter role: set irsa, trusted_principal_arns or both."
  }
}

variable "permissions_boundary_arn" {
  description = "IAM policy that bounds the exporter role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "database_name" {
  description = "Name of the Glue database."
  type        = string
  default     = "countinghouse"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.database_name))
    error_message = "database_name must be lower-case letters, digits and underscores, and start with a letter: Athena accepts nothing else unquoted."
  }
}

variable "table_name" {
  description = "Name of the Glue table."
  type        = string
  default     = "events"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.table_name))
    error_message = "table_name must be lower-case letters, digits and underscores, and start with a letter: Athena accepts nothing else unquoted."
  }
}

variable "sources" {
  description = "Values of the partition `source`. Events of a source that is not listed lie in the lake but stay invisible to Athena."
  type        = list(string)
  default     = ["lottery", "mobile", "sensor", "web"]
  nullable    = false

  validation {
    # Projection separates the values by commas.
    condition     = length(var.sources) > 0 && length(distinct(var.sources)) == length(var.sources) && alltrue([for source in var.sources : can(regex("^[a-z0-9_-]+$", source))])
    error_message = "sources must be at least one distinct name of lower-case letters, digits, _ and -."
  }
}

variable "first_date" {
  description = "First day (YYYY-MM-DD, UTC) that Athena looks for. Earlier partitions stay invisible; each day adds 24 × sources prefixes to an unfiltered query."
  type        = string
  default     = "2025-01-01"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.first_date)) && can(formatdate("YYYY", "${var.first_date}T00:00:00Z"))
    error_message = "first_date must be a day as YYYY-MM-DD."
  }
}

variable "athena_results_days" {
  description = "Days for which results of Athena queries are kept."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.athena_results_days >= 1 && var.athena_results_days <= 365 && floor(var.athena_results_days) == var.athena_results_days
    error_message = "athena_results_days must be a whole number from 1 to 365."
  }
}

variable "athena_scan_limit_bytes" {
  description = "Bytes one Athena query may scan before it is cancelled; a guard against forgetting the partition filter."
  type        = number
  default     = 1099511627776
  nullable    = false

  validation {
    condition     = var.athena_scan_limit_bytes >= 10485760 && floor(var.athena_scan_limit_bytes) == var.athena_scan_limit_bytes
    error_message = "athena_scan_limit_bytes must be a whole number of at least 10485760 (10 MiB), the least that Athena accepts."
  }
}

variable "tags" {
  description = "Tags of every resource, beside those of the provider."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Tag keys must not start with aws:, which is reserved."
  }
}
