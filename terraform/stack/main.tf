data "aws_caller_identity" "this" {}

locals {
  name        = "countinghouse-${var.environment}"
  bucket_name = coalesce(var.bucket_name, "${local.name}-${data.aws_caller_identity.this.account_id}-${var.region}")

  # Colder classes begin only when no hour can be rewritten any more.
  infrequent_access_after_days = max(30, var.events_max_age_days + 15)
}

module "lake" {
  source = "../modules/lake"

  name          = "${local.name}-lake"
  bucket_name   = local.bucket_name
  force_destroy = var.force_destroy
  # A database belongs to the account and region, so it carries the environment too; hyphens would need quoting in Athena.
  database_name = replace(local.name, "-", "_")
  first_date    = var.lake_first_date

  infrequent_access_after_days = local.infrequent_access_after_days
  archive_after_days           = local.infrequent_access_after_days + 135
  access_log_bucket            = var.access_log_bucket

  trusted_principal_arns = var.trusted_principal_arns
  irsa = var.eks == null ? null : {
    oidc_provider_arn = var.eks.oidc_provider_arn
    oidc_issuer_url   = var.eks.oidc_issuer_url
    service_accounts  = [for account in var.eks.service_accounts : { namespace = var.eks.namespace, name = account }]
  }
}
