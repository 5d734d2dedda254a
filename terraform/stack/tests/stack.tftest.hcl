mock_provider "aws" {
  source = "../modules/lake/tests/mocks"
}

variables {
  trusted_principal_arns = ["arn:aws:iam::111122223333:role/exporter-host"]
}

run "names_carry_environment_account_and_region" {
  assert {
    condition     = output.events_url == "s3://countinghouse-production-111122223333-eu-central-1/events"
    error_message = "The bucket's name must be unique by environment, account and region."
  }

  assert {
    condition     = output.athena_workgroup == "countinghouse-production-lake"
    error_message = "The workgroup must carry the environment."
  }

  assert {
    condition     = strcontains(output.athena_example, "FROM countinghouse_production.events ")
    error_message = "The database must need no quoting."
  }
}

run "values_for_the_chart" {
  assert {
    condition = yamldecode(output.helm_values) == {
      events = { maxAgeDays = 30 }
      lake = {
        enabled        = true
        url            = "s3://countinghouse-production-111122223333-eu-central-1"
        region         = "eu-central-1"
        serviceAccount = { name = "", annotations = { "eks.amazonaws.com/role-arn" = output.exporter_role_arn } }
      }
    }
    error_message = "Without a managed Kafka the values must leave Kafka to the chart."
  }
}

run "values_with_a_managed_kafka" {
  variables {
    kafka = {
      bootstrap_brokers = ["b-1.example:9096", "b-2.example:9096"]
      ca_secret         = "kafka-ca"
    }
  }

  assert {
    condition = yamldecode(output.helm_values).kafka == {
      brokers = ["b-1.example:9096", "b-2.example:9096"]
      tls     = { enabled = true, caSecret = "kafka-ca" }
      users   = { create = false, prefix = "countinghouse" }
      topics  = { create = false, replicas = 3, minInsyncReplicas = 2 }
    }
    error_message = "A managed Kafka must reach the chart, which then creates neither users nor topics."
  }
}

run "late_events_stay_in_the_standard_class" {
  variables {
    events_max_age_days = 60
  }

  assert {
    condition     = local.infrequent_access_after_days == 75
    error_message = "Objects must not get colder while their hour may still be rewritten."
  }
}

run "wrong_region" {
  command = plan

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "wrong_environment" {
  command = plan

  variables {
    environment = "Production!"
  }

  expect_failures = [var.environment]
}

run "broker_with_a_scheme" {
  command = plan

  variables {
    kafka = { bootstrap_brokers = ["https://b-1.example:9096"], ca_secret = "kafka-ca" }
  }

  expect_failures = [var.kafka]
}

run "more_in_sync_replicas_than_replicas" {
  command = plan

  variables {
    kafka = { bootstrap_brokers = ["b-1.example:9096"], ca_secret = "kafka-ca", replicas = 1, min_insync_replicas = 2 }
  }

  expect_failures = [var.kafka]
}

run "days_below_one" {
  command = plan

  variables {
    events_max_age_days = 0
  }

  expect_failures = [var.events_max_age_days]
}
