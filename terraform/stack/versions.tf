terraform {
  required_version = ">= 1.9.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # State is local until a backend is configured: see "State" in README.md.
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = "countinghouse"
      environment = var.environment
      managed-by  = "terraform"
    }
  }
}
