# Who may do what. Policies are compared whole where they grant, so that a permission cannot slip in unnoticed.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket_name = "example-lake"
  irsa = {
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF"
    oidc_issuer_url   = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF"
    service_accounts = [
      { namespace = "countinghouse", name = "lake" },
      { namespace = "countinghouse", name = "lake-backfill" },
    ]
  }
}

run "only_the_named_service_accounts_become_the_exporter" {
  assert {
    condition = jsondecode(aws_iam_role.exporter.assume_role_policy).Statement == [{
      Sid       = "ServiceAccounts"
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF:aud" = "sts.amazonaws.com"
          "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF:sub" = [
            "system:serviceaccount:countinghouse:lake",
            "system:serviceaccount:countinghouse:lake-backfill",
          ]
        }
      }
    }]
    error_message = "The trust policy must name the issuer, the audience and both service accounts, and nothing else."
  }
}

run "the_exporter_may_do_no_more_than_export" {
  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.exporter.policy).Statement : s.Action])) == toset([
      "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
      "kms:GenerateDataKey", "kms:Decrypt",
    ])
    error_message = "The exporter's actions have changed."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.exporter.policy).Statement : s.Resource])) == toset([
      "arn:aws:s3:::example-lake",
      "arn:aws:s3:::example-lake/events/*",
      "arn:aws:kms:eu-central-1:111122223333:key/0f5a1b7e-0000-4000-8000-000000000000",
    ])
    error_message = "The exporter reaches other resources than bucket, events and key."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.exporter.policy).Statement :
      s.Resource == ["arn:aws:s3:::example-lake/events/*"] if contains(s.Action, "s3:PutObject") || contains(s.Action, "s3:DeleteObject")
    ])
    error_message = "The exporter writes outside of the events."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.exporter.policy).Statement :
      s.Condition.StringEquals["kms:ViaService"] == "s3.eu-central-1.amazonaws.com" if contains(s.Action, "kms:Decrypt")
    ])
    error_message = "The exporter must use the key through S3 only."
  }
}

run "no_grant_has_a_wildcard_action" {
  assert {
    condition = alltrue([
      for action in flatten([
        for policy in [aws_iam_role_policy.exporter.policy, aws_iam_policy.reader.policy] :
        [for s in jsondecode(policy).Statement : s.Action if s.Effect == "Allow"]
      ]) : !strcontains(action, "*")
    ])
    error_message = "A policy grants a wildcard action."
  }
}

run "readers_never_change_events" {
  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_policy.reader.policy).Statement :
      s.Resource == ["arn:aws:s3:::example-lake/athena-results/*"] if contains(s.Action, "s3:PutObject")
    ])
    error_message = "Readers may write outside of Athena's results."
  }

  assert {
    condition = length(setintersection(
      toset(flatten([for s in jsondecode(aws_iam_policy.reader.policy).Statement : s.Action])),
      ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "glue:UpdateTable", "glue:DeleteTable"],
    )) == 0
    error_message = "Readers may delete or alter."
  }
}

run "the_bucket_refuses_plain_http_and_other_keys" {
  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.lake.policy).Statement : s.Sid] == ["DenyWithoutTls", "DenyOldTls", "DenyOtherEncryption", "DenyOtherKey"]
    error_message = "The bucket policy's statements have changed."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_s3_bucket_policy.lake.policy).Statement : s.Effect == "Deny" && s.Principal == { AWS = "*" }
    ])
    error_message = "The bucket policy must only deny, and deny everybody: access is granted by IAM."
  }

  assert {
    condition = (
      jsondecode(aws_s3_bucket_policy.lake.policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } }
      && jsondecode(aws_s3_bucket_policy.lake.policy).Statement[0].Action == "s3:*"
      && jsondecode(aws_s3_bucket_policy.lake.policy).Statement[0].Resource == ["arn:aws:s3:::example-lake", "arn:aws:s3:::example-lake/*"]
    )
    error_message = "Plain HTTP must be denied for the bucket and its objects."
  }

  assert {
    condition     = alltrue([for i in [2, 3] : values(jsondecode(aws_s3_bucket_policy.lake.policy).Statement[i].Condition.Null) == ["false"]])
    error_message = "A write without encryption headers must pass: ClickHouse sends none and the bucket's default applies."
  }
}

run "the_key_serves_s3_only" {
  assert {
    condition = anytrue([
      for s in jsondecode(aws_kms_key.lake.policy).Statement :
      s.Effect == "Deny" && s.Condition == { StringNotEquals = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" } } if s.Sid == "DenyDataUseOutsideS3"
    ])
    error_message = "The key must not decrypt for anything but S3."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_kms_key.lake.policy).Statement : s.Principal == { AWS = "arn:aws:iam::111122223333:root" } if s.Effect == "Allow"])
    error_message = "The key must be granted to this account alone."
  }

  assert {
    condition     = aws_kms_key.lake.enable_key_rotation
    error_message = "The key must rotate."
  }
}

run "outside_of_eks_only_named_principals_are_trusted" {
  variables {
    irsa                   = null
    trusted_principal_arns = ["arn:aws:iam::111122223333:role/exporter-host"]
  }

  assert {
    condition = jsondecode(aws_iam_role.exporter.assume_role_policy).Statement == [{
      Sid       = "TrustedPrincipals"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::111122223333:role/exporter-host"] }
      Action    = "sts:AssumeRole"
    }]
    error_message = "Without EKS the trust policy must name the given principals and nothing else."
  }
}
