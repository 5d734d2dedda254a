# What AWS would answer, in the shapes that the provider checks.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}

mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-central-1:111122223333:key/0f5a1b7e-0000-4000-8000-000000000000"
    key_id = "0f5a1b7e-0000-4000-8000-000000000000"
  }
}
