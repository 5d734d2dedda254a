# Every wrong value is refused before anything is planned.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket_name            = "example-lake"
  trusted_principal_arns = ["arn:aws:iam::111122223333:role/exporter-host"]
}

run "bucket_name_with_dots" {
  command = plan

  variables {
    bucket_name = "example.lake"
  }

  expect_failures = [var.bucket_name]
}

run "bucket_name_in_capitals" {
  command = plan

  variables {
    bucket_name = "Example-lake"
  }

  expect_failures = [var.bucket_name]
}

run "name_too_short" {
  command = plan

  variables {
    name = "a"
  }

  expect_failures = [var.name]
}

run "prefix_with_a_slash_at_the_end" {
  command = plan

  variables {
    prefix = "events/"
  }

  expect_failures = [var.prefix]
}

run "infrequent_access_too_early" {
  command = plan

  variables {
    infrequent_access_after_days = 29
  }

  expect_failures = [var.infrequent_access_after_days]
}

run "archive_before_infrequent_access" {
  command = plan

  variables {
    archive_after_days = 50
  }

  expect_failures = [var.archive_after_days]
}

run "expiry_before_archive" {
  command = plan

  variables {
    expire_after_days = 180
  }

  expect_failures = [var.expire_after_days]
}

run "noncurrent_versions_kept_for_no_time" {
  command = plan

  variables {
    noncurrent_version_days = 0
  }

  expect_failures = [var.noncurrent_version_days]
}

run "half_a_day" {
  command = plan

  variables {
    abort_multipart_days = 1.5
  }

  expect_failures = [var.abort_multipart_days]
}

run "a_bucket_logging_to_itself" {
  command = plan

  variables {
    access_log_bucket = "example-lake"
  }

  expect_failures = [var.access_log_bucket]
}

run "key_deleted_too_soon" {
  command = plan

  variables {
    kms_deletion_window_days = 6
  }

  expect_failures = [var.kms_deletion_window_days]
}

run "oidc_provider_that_is_no_arn" {
  command = plan

  variables {
    irsa = {
      oidc_provider_arn = "issuer.example/id/1"
      oidc_issuer_url   = "https://issuer.example/id/1"
      service_accounts  = [{ namespace = "a", name = "b" }]
    }
  }

  expect_failures = [var.irsa]
}

run "oidc_issuer_without_tls" {
  command = plan

  variables {
    irsa = {
      oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/1"
      oidc_issuer_url   = "http://issuer.example/id/1"
      service_accounts  = [{ namespace = "a", name = "b" }]
    }
  }

  expect_failures = [var.irsa]
}

run "oidc_issuer_of_another_cluster" {
  command = plan

  variables {
    irsa = {
      oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/1"
      oidc_issuer_url   = "https://issuer.example/id/2"
      service_accounts  = [{ namespace = "a", name = "b" }]
    }
  }

  expect_failures = [var.irsa]
}

run "no_service_account" {
  command = plan

  variables {
    irsa = {
      oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/1"
      oidc_issuer_url   = "https://issuer.example/id/1"
      service_accounts  = []
    }
  }

  expect_failures = [var.irsa]
}

run "any_service_account" {
  command = plan

  variables {
    irsa = {
      oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/1"
      oidc_issuer_url   = "https://issuer.example/id/1"
      service_accounts  = [{ namespace = "a", name = "*" }]
    }
  }

  expect_failures = [var.irsa]
}

run "a_whole_account_trusted" {
  command = plan

  variables {
    trusted_principal_arns = ["arn:aws:iam::111122223333:root"]
  }

  expect_failures = [var.trusted_principal_arns]
}

run "everybody_trusted" {
  command = plan

  variables {
    trusted_principal_arns = ["*"]
  }

  expect_failures = [var.trusted_principal_arns]
}

run "nobody_trusted" {
  command = plan

  variables {
    trusted_principal_arns = []
  }

  expect_failures = [var.trusted_principal_arns]
}

run "boundary_that_is_no_policy" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:role/x"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "database_name_with_hyphen" {
  command = plan

  variables {
    database_name = "counting-house"
  }

  expect_failures = [var.database_name]
}

run "table_name_with_hyphen" {
  command = plan

  variables {
    table_name = "the-events"
  }

  expect_failures = [var.table_name]
}

run "source_with_comma" {
  command = plan

  variables {
    sources = ["web,mobile"]
  }

  expect_failures = [var.sources]
}

run "source_twice" {
  command = plan

  variables {
    sources = ["web", "web"]
  }

  expect_failures = [var.sources]
}

run "no_source" {
  command = plan

  variables {
    sources = []
  }

  expect_failures = [var.sources]
}

run "a_day_that_does_not_exist" {
  command = plan

  variables {
    first_date = "2026-02-30"
  }

  expect_failures = [var.first_date]
}

run "results_kept_for_no_time" {
  command = plan

  variables {
    athena_results_days = 0
  }

  expect_failures = [var.athena_results_days]
}

run "scan_limit_below_the_minimum" {
  command = plan

  variables {
    athena_scan_limit_bytes = 1000
  }

  expect_failures = [var.athena_scan_limit_bytes]
}

run "reserved_tag" {
  command = plan

  variables {
    tags = { "aws:owner" = "me" }
  }

  expect_failures = [var.tags]
}

run "events_among_athena_results" {
  command = plan

  variables {
    prefix = "athena-results"
  }

  expect_failures = [aws_s3_bucket.lake]
}
