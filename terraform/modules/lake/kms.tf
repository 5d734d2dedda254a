# A key of its own: whoever may read the bucket but not use the key reads nothing, and every use is in CloudTrail.

locals {
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      # Hands the decision to this account's IAM policies. Without it a key can become unmanageable for everybody.
      {
        Sid       = "AccountDecidesByIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      # Holds against every principal, administrators included: data is only ever en- or decrypted through S3 for this account.
      {
        Sid       = "DenyDataUseOutsideS3"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = {
          StringNotEquals = { "kms:ViaService" = local.s3_service }
        }
      },
    ]
  }
}

resource "aws_kms_key" "lake" {
  description             = "Encrypts the objects of s3://${var.bucket_name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  policy                  = jsonencode(local.key_policy)
  tags                    = var.tags
}

resource "aws_kms_alias" "lake" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.lake.key_id
}
