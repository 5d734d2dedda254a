output "helm_values" {
  description = "Values of the chart, as YAML: `terraform output -raw helm_values > values.aws.yaml`."
  value = yamlencode(merge(
    {
      lake = {
        enabled = true
        url     = module.lake.lake_url
        region  = module.lake.bucket_region
        serviceAccount = {
          # Only an account that the role trusts can take it on.
          name        = try(var.eks.service_accounts[0], "")
          annotations = { "eks.amazonaws.com/role-arn" = module.lake.exporter_role_arn }
        }
      }
      events = { maxAgeDays = var.events_max_age_days }
    },
    var.kafka == null ? {} : {
      kafka = {
        brokers = var.kafka.bootstrap_brokers
        tls     = { enabled = true, caSecret = var.kafka.ca_secret }
        # Strimzi's operators do not reach a managed cluster: users and topics are made there.
        users  = { create = false, prefix = var.kafka.user_prefix }
        topics = { create = false, replicas = var.kafka.replicas, minInsyncReplicas = var.kafka.min_insync_replicas }
      }
    },
  ))
}

output "exporter_role_arn" {
  description = "ARN of the role that the service account of the export CronJob takes on."
  value       = module.lake.exporter_role_arn
}

output "reader_policy_arn" {
  description = "ARN of the policy to attach to those who query the lake."
  value       = module.lake.reader_policy_arn
}

output "events_url" {
  description = "s3:// address under which the partitions lie."
  value       = module.lake.events_url
}

output "athena_workgroup" {
  description = "Athena workgroup to query the lake in."
  value       = module.lake.athena_workgroup
}

output "athena_example" {
  description = "A query that works at once."
  value       = "SELECT source, count(*) AS events FROM ${module.lake.database_name}.${module.lake.table_name} WHERE \"date\" = cast(current_date AS varchar) GROUP BY source"
}
