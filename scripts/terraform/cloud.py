"""Looks at and changes the emulated cloud behind Terraform's back.

Usage: cloud.py facts|drift|put|empty|left BUCKET NAME DATABASE; the endpoint comes from AWS_ENDPOINT_URL. Prints JSON.
NAME is the prefix of the role and of the workgroup.
"""

import json
import sys
from urllib.parse import unquote

import boto3

REGION = "eu-central-1"


def client(service):
    return boto3.client(service, region_name=REGION)


def facts(bucket, name, database):
    """What the deployed lake looks like from outside."""
    s3, iam, glue = client("s3"), client("iam"), client("glue")
    table = glue.get_table(DatabaseName=database, Name="events")["Table"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    trust = iam.get_role(RoleName=f"{name}-exporter")["Role"]["AssumeRolePolicyDocument"]
    if isinstance(trust, str):
        trust = json.loads(unquote(trust))
    return {
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "encryption": encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "publicAccessBlocked": all(
            s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()
        ),
        "denies": [s["Sid"] for s in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]],
        "subjects": [
            subject
            for statement in trust["Statement"]
            for key, value in statement.get("Condition", {}).get("StringEquals", {}).items()
            if key.endswith(":sub")
            for subject in value
        ],
        "location": table["Parameters"]["storage.location.template"],
        "partitions": [key["Name"] for key in table["PartitionKeys"]],
        "keyRotation": client("kms").get_key_rotation_status(
            KeyId=encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        )["KeyRotationEnabled"],
    }


def drift(bucket, name, database):
    """Five changes that somebody might make by hand; returns the addresses that a plan must name."""
    s3, glue = client("s3"), client("glue")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=bucket)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName=f"{name}-exporter", PolicyName="lake", PolicyDocument=json.dumps(everything))
    table = glue.get_table(DatabaseName=database, Name="events")["Table"]
    fields = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    changed = {field: table[field] for field in fields if field in table}
    changed["Parameters"]["projection.enabled"] = "false"
    glue.update_table(DatabaseName=database, TableInput=changed)
    return [
        "module.lake.aws_glue_catalog_table.events",
        "module.lake.aws_iam_role_policy.exporter",
        "module.lake.aws_s3_bucket_policy.lake",
        "module.lake.aws_s3_bucket_public_access_block.lake",
        "module.lake.aws_s3_bucket_versioning.lake",
    ]


def put(bucket, _name, _database):
    """One object where an export would write it.

    The policy is lifted meanwhile: moto ignores the conditions of a bucket policy, so its denials would hold for everything.
    """
    s3 = client("s3")
    key = "events/date=2026-01-02/hour=03/source=web/events.parquet"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=b"PAR1")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    return key


def empty(bucket, _name, _database):
    """Removes every object, every version and every delete marker. Comes after a refused destroy, which left no policy."""
    boto3.resource("s3", region_name=REGION).Bucket(bucket).object_versions.delete()
    return "emptied"


def left(_bucket, name, database):
    """What still exists of the lake; a key that waits for its deletion counts as gone."""
    kms = client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return {
        "buckets": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"] if r["RoleName"].startswith(name)],
        "databases": [d["Name"] for d in client("glue").get_databases()["DatabaseList"] if d["Name"] == database],
        "workgroups": [w["Name"] for w in client("athena").list_work_groups()["WorkGroups"] if w["Name"] == name],
        "keys": [key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion" and key["KeyManager"] == "CUSTOMER"],
    }


if __name__ == "__main__":
    commands = {"facts": facts, "drift": drift, "put": put, "empty": empty, "left": left}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:5])))
