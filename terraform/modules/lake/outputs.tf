output "bucket_name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.lake.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.lake.arn
}

output "bucket_region" {
  description = "Region of the bucket."
  value       = local.region
}

output "lake_url" {
  description = "LAKE_URL of `ops lake`."
  value       = join("/", compact(["s3://${var.bucket_name}", var.prefix]))
}

output "events_url" {
  description = "s3:// address under which the partitions lie, without a slash at its end."
  value       = local.events_url
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the objects."
  value       = aws_kms_key.lake.arn
}

output "exporter_role_arn" {
  description = "ARN of the exporter role: the annotation eks.amazonaws.com/role-arn of the service accounts in irsa."
  value       = aws_iam_role.exporter.arn
}

output "reader_policy_arn" {
  description = "ARN of the policy to attach to those who query the lake."
  value       = aws_iam_policy.reader.arn
}

output "database_name" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.lake.name
}

output "table_name" {
  description = "Name of the Glue table."
  value       = aws_glue_catalog_table.events.name
}

output "athena_workgroup" {
  description = "Athena workgroup that keeps its results in the lake's bucket."
  value       = aws_athena_workgroup.lake.name
}

output "columns" {
  description = "Columns of the table, in order, as name and Glue type."
  value       = [for column in local.columns : { name = column.name, type = column.type }]
}
