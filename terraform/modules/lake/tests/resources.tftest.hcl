# What is created: protection, tiers, names, and the table that Athena reads.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket_name            = "example-lake"
  trusted_principal_arns = ["arn:aws:iam::111122223333:role/exporter-host"]
}

run "the_bucket_is_closed_versioned_and_encrypted" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.lake.block_public_acls,
      aws_s3_bucket_public_access_block.lake.block_public_policy,
      aws_s3_bucket_public_access_block.lake.ignore_public_acls,
      aws_s3_bucket_public_access_block.lake.restrict_public_buckets,
    ])
    error_message = "All four public-access blocks must be on."
  }

  assert {
    condition     = aws_s3_bucket_versioning.lake.versioning_configuration[0].status == "Enabled"
    error_message = "Versioning must be on."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.lake.rule :
      rule.bucket_key_enabled
      && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.lake.arn
    ])
    error_message = "Objects must be encrypted by the lake's own key, through a bucket key."
  }

  assert {
    condition     = !aws_s3_bucket.lake.force_destroy
    error_message = "A bucket with data must not be destroyed by default."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_ownership_controls.lake.rule : rule.object_ownership == "BucketOwnerEnforced"])
    error_message = "ACLs must be off."
  }
}

run "tiers_by_default" {
  assert {
    condition = toset(flatten([
      for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
      [for t in rule.transition : "${t.days} ${t.storage_class}"] if rule.id == "events-tiers"
    ])) == toset(["45 STANDARD_IA", "180 GLACIER_IR"])
    error_message = "Events must move to STANDARD_IA and GLACIER_IR, from which they can still be queried at once."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : length(rule.expiration) == 0 if rule.id == "events-tiers"])
    error_message = "Events must not expire by default."
  }

  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : try(rule.noncurrent_version_expiration[0].noncurrent_days, 0) == 30 && rule.filter[0].prefix == ""])
    error_message = "Replaced versions must expire everywhere after 30 days."
  }

  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) == 2 && rule.filter[0].prefix == ""])
    error_message = "Abandoned uploads must be removed everywhere after 2 days."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : rule.status == "Enabled"])
    error_message = "Every rule must be enabled."
  }
}

run "events_expire_only_when_told" {
  variables {
    expire_after_days = 730
  }

  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : try(rule.expiration[0].days, 0) == 730 && rule.filter[0].prefix == "events/"])
    error_message = "expire_after_days must apply to the events."
  }
}

run "athena_finds_the_partitions_by_itself" {
  assert {
    condition = { for key, value in aws_glue_catalog_table.events.parameters : key => value if startswith(key, "projection.") || startswith(key, "storage.") } == {
      "projection.enabled"            = "true"
      "projection.date.type"          = "date"
      "projection.date.format"        = "yyyy-MM-dd"
      "projection.date.range"         = "2025-01-01,NOW+1DAYS"
      "projection.date.interval"      = "1"
      "projection.date.interval.unit" = "DAYS"
      "projection.hour.type"          = "integer"
      "projection.hour.range"         = "0,23"
      "projection.hour.digits"        = "2"
      "projection.source.type"        = "enum"
      "projection.source.values"      = "lottery,mobile,sensor,web"
      "storage.location.template"     = "s3://example-lake/events/date=$${date}/hour=$${hour}/source=$${source}/"
    }
    error_message = "Projection must match the layout date=YYYY-MM-DD/hour=HH/source=…/."
  }

  assert {
    condition     = [for key in aws_glue_catalog_table.events.partition_keys : "${key.name} ${key.type}"] == ["date string", "hour int", "source string"]
    error_message = "The partitions must be date, hour and source, in the order of the path."
  }

  assert {
    condition     = length(setintersection(toset(aws_glue_catalog_table.events.storage_descriptor[0].columns[*].name), ["date", "hour", "source"])) == 0
    error_message = "A partition must not be a column as well: Athena refuses such a table."
  }

  assert {
    condition = alltrue([
      for pair in ["event_id string", "event_time timestamp", "event_type string", "user_id string", "amount decimal(18,4)", "currency string", "is_late boolean"] :
      contains([for column in aws_glue_catalog_table.events.storage_descriptor[0].columns : "${column.name} ${column.type}"], pair)
    ])
    error_message = "A column is missing or has another type."
  }

  assert {
    condition     = length(distinct(aws_glue_catalog_table.events.storage_descriptor[0].columns[*].name)) == length(aws_glue_catalog_table.events.storage_descriptor[0].columns)
    error_message = "A column is listed twice."
  }
}

run "athena_is_bounded_and_encrypted" {
  assert {
    condition = (
      aws_athena_workgroup.lake.configuration[0].enforce_workgroup_configuration
      && aws_athena_workgroup.lake.configuration[0].bytes_scanned_cutoff_per_query == 1099511627776
      && aws_athena_workgroup.lake.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == aws_kms_key.lake.arn
    )
    error_message = "Clients must not be able to leave the workgroup's limit, location and key."
  }
}

run "names_follow_the_prefix" {
  variables {
    name       = "acme-lake"
    prefix     = "warehouse"
    first_date = "2026-02-28"
    sources    = ["web"]
  }

  assert {
    condition     = [aws_iam_role.exporter.name, aws_iam_policy.reader.name, aws_kms_alias.lake.name, aws_athena_workgroup.lake.name] == ["acme-lake-exporter", "acme-lake-reader", "alias/acme-lake", "acme-lake"]
    error_message = "Names must begin with the given prefix."
  }

  assert {
    condition     = output.events_url == "s3://example-lake/warehouse/events" && output.lake_url == "s3://example-lake/warehouse"
    error_message = "The outputs must follow bucket and prefix."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.exporter.policy, "arn:aws:s3:::example-lake/warehouse/events/*")
    error_message = "The exporter's rights must follow the prefix."
  }

  assert {
    condition     = aws_glue_catalog_table.events.parameters["projection.date.range"] == "2026-02-28,NOW+1DAYS" && aws_glue_catalog_table.events.parameters["projection.source.values"] == "web"
    error_message = "The projection must follow first_date and sources."
  }
}

run "the_access_log_is_optional" {
  variables {
    access_log_bucket = "example-logs"
  }

  assert {
    condition     = aws_s3_bucket_logging.lake[0].target_bucket == "example-logs"
    error_message = "The access log must go to the given bucket."
  }
}
