# Two ways in: a role that writes events (the exporter), and a policy to attach to whoever queries them (readers).

locals {
  # The issuer without its scheme is the name of the condition keys.
  oidc_issuer = var.irsa == null ? "" : trimprefix(var.irsa.oidc_issuer_url, "https://")

  trust_policy = {
    Version = "2012-10-17"
    Statement = concat(
      var.irsa == null ? [] : [{
        Sid       = "ServiceAccounts"
        Effect    = "Allow"
        Principal = { Federated = var.irsa.oidc_provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        # Without the subject every pod of the cluster could become the exporter.
        Condition = {
          StringEquals = {
            "${local.oidc_issuer}:aud" = "sts.amazonaws.com"
            "${local.oidc_issuer}:sub" = [
              for account in var.irsa.service_accounts : "system:serviceaccount:${account.namespace}:${account.name}"
            ]
          }
        }
      }],
      length(var.trusted_principal_arns) == 0 ? [] : [{
        Sid       = "TrustedPrincipals"
        Effect    = "Allow"
        Principal = { AWS = var.trusted_principal_arns }
        Action    = "sts:AssumeRole"
      }],
    )
  }

  # What `ops lake export` and `ops lake verify` do, and nothing more: no versions, no bucket settings, no other prefix.
  exporter_policy = {
    Version = "2012-10-17"
    Statement = [
      # Without a condition on the prefix: it would turn the 404 of a missing object into a 403.
      {
        Sid      = "ListBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [local.bucket_arn]
      },
      {
        Sid    = "WriteEvents"
        Effect = "Allow"
        Action = [
          "s3:GetObject",
          "s3:PutObject",
          "s3:DeleteObject",
          "s3:AbortMultipartUpload",
        ]
        Resource = [local.events_arn]
      },
      # Decrypt as well: the parts of a multipart upload are read back when it is completed.
      {
        Sid       = "UseKeyThroughS3"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = [aws_kms_key.lake.arn]
        Condition = { StringEquals = { "kms:ViaService" = local.s3_service } }
      },
    ]
  }

  glue_arn = "arn:${local.partition}:glue:${local.region}:${local.account_id}"

  reader_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ListAndLocateBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = [local.bucket_arn]
      },
      {
        Sid      = "ReadEvents"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [local.events_arn]
      },
      {
        Sid      = "KeepResults"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        Resource = [local.results_arn]
      },
      {
        Sid       = "UseKeyThroughS3"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = [aws_kms_key.lake.arn]
        Condition = { StringEquals = { "kms:ViaService" = local.s3_service } }
      },
      {
        Sid    = "ReadCatalog"
        Effect = "Allow"
        Action = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"]
        Resource = [
          "${local.glue_arn}:catalog",
          "${local.glue_arn}:database/${var.database_name}",
          "${local.glue_arn}:table/${var.database_name}/${var.table_name}",
        ]
      },
      {
        Sid    = "RunQueries"
        Effect = "Allow"
        Action = [
          "athena:StartQueryExecution",
          "athena:StopQueryExecution",
          "athena:GetQueryExecution",
          "athena:GetQueryResults",
          "athena:GetQueryResultsStream",
          "athena:GetWorkGroup",
        ]
        Resource = ["arn:${local.partition}:athena:${local.region}:${local.account_id}:workgroup/${var.name}"]
      },
    ]
  }
}

resource "aws_iam_role" "exporter" {
  name                 = "${var.name}-exporter"
  description          = "Writes events to ${local.events_url}"
  assume_role_policy   = jsonencode(local.trust_policy)
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "exporter" {
  name   = "lake"
  role   = aws_iam_role.exporter.id
  policy = jsonencode(local.exporter_policy)
}

resource "aws_iam_policy" "reader" {
  name        = "${var.name}-reader"
  description = "Queries ${local.events_url} by Athena or directly"
  policy      = jsonencode(local.reader_policy)
  tags        = var.tags
}
