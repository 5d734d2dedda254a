# The catalogue. Partition projection computes the partitions from the query instead of storing them: an hour is visible the
# moment its object is, with no crawler, no MSCK REPAIR and no catalogue that can disagree with the bucket.

locals {
  # In the order and with the types of the Parquet files that `ops lake export` writes (workers/ops/lake/columns.ts). `source`
  # is in the path only, as a partition.
  columns = [
    { name = "event_id", type = "string", comment = "UUID in lower case; unique" },
    { name = "event_time", type = "timestamp", comment = "UTC, milliseconds" },
    { name = "received_time", type = "timestamp", comment = "when the source had received it; UTC, milliseconds" },
    { name = "event_type", type = "string", comment = "type within the source" },
    { name = "user_id", type = "string", comment = "user or device" },
    { name = "session_id", type = "string", comment = "empty where there is none" },
    { name = "amount", type = "decimal(18,4)", comment = "in units of currency" },
    { name = "currency", type = "string", comment = "ISO 4217; empty where there is no amount" },
    { name = "payload", type = "string", comment = "JSON by event type" },
    { name = "extra", type = "string", comment = "JSON of the fields that no schema knows" },
    { name = "size_bytes", type = "bigint", comment = "size of the message in bytes" },
    { name = "latency_ms", type = "bigint", comment = "event_time to processing" },
    { name = "ingest_delay_ms", type = "bigint", comment = "event_time to received_time" },
    { name = "is_late", type = "boolean", comment = "whether it came late" },
    { name = "producer", type = "string", comment = "instance that produced it" },
    { name = "kafka_partition", type = "int", comment = "of the earliest copy" },
    { name = "kafka_offset", type = "bigint", comment = "of the earliest copy" },
    { name = "kafka_append_time", type = "timestamp", comment = "of the earliest copy; UTC, milliseconds" },
    { name = "export_version", type = "bigint", comment = "of the export that wrote the file" },
  ]
}

resource "aws_glue_catalog_database" "lake" {
  name         = var.database_name
  description  = "Deduplicated events of countinghouse"
  location_uri = "s3://${var.bucket_name}/"
  tags         = var.tags
}

resource "aws_glue_catalog_table" "events" {
  name          = var.table_name
  database_name = aws_glue_catalog_database.lake.name
  description   = "One row an event, each exactly once"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL              = "TRUE"
    classification        = "parquet"
    "parquet.compression" = "ZSTD"

    "projection.enabled" = "true"

    # Events may lie a few minutes in the future, so tomorrow belongs to the range.
    "projection.date.type"          = "date"
    "projection.date.format"        = "yyyy-MM-dd"
    "projection.date.range"         = "${var.first_date},NOW+1DAYS"
    "projection.date.interval"      = "1"
    "projection.date.interval.unit" = "DAYS"

    # Two digits: hour=07, not hour=7.
    "projection.hour.type"   = "integer"
    "projection.hour.range"  = "0,23"
    "projection.hour.digits" = "2"

    "projection.source.type"   = "enum"
    "projection.source.values" = join(",", var.sources)

    "storage.location.template" = "${local.events_url}/date=$${date}/hour=$${hour}/source=$${source}/"
  }

  storage_descriptor {
    location      = "${local.events_url}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      name                  = "parquet"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }

  # The day is a string, so that a filter needs no cast: "date" >= '2025-07-30'. The name is reserved: quote it in queries.
  partition_keys {
    name    = "date"
    type    = "string"
    comment = "day of event_time, UTC, YYYY-MM-DD"
  }

  partition_keys {
    name    = "hour"
    type    = "int"
    comment = "hour of event_time, UTC"
  }

  partition_keys {
    name    = "source"
    type    = "string"
    comment = "source of the event"
  }
}

# Results go to a prefix of the lake's own bucket, under the same key, whatever the client asks for.
resource "aws_athena_workgroup" "lake" {
  name          = var.name
  description   = "Queries of ${var.database_name}.${var.table_name}"
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena_scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${aws_s3_bucket.lake.id}/${local.results_prefix}/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.lake.arn
      }
    }
  }
}
