# Names and ARNs that several files need. Policies are built by jsonencode and not by data sources, so that tests with a
# mocked provider can read them.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.name

  # How KMS names S3 as the caller.
  s3_service = "s3.${local.region}.${data.aws_partition.this.dns_suffix}"

  # Known before the bucket exists, so that policies can be checked in a plan.
  bucket_arn     = "arn:${local.partition}:s3:::${var.bucket_name}"
  events_prefix  = var.prefix == "" ? "events" : "${var.prefix}/events"
  events_arn     = "${local.bucket_arn}/${local.events_prefix}/*"
  results_prefix = "athena-results"
  results_arn    = "${local.bucket_arn}/${local.results_prefix}/*"
  events_url     = "s3://${var.bucket_name}/${local.events_prefix}"
}
