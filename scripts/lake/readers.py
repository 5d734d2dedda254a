"""Reads a lake with other programs than ClickHouse and prints what each of them sees, as JSON.

usage: readers.py DIRECTORY [S3_ENDPOINT BUCKET_AND_PREFIX]

DuckDB and polars read the directory below which `events/` lies; pyarrow (and polars) read the same lake over S3 when an
endpoint is given, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

import json
import os
import sys

import duckdb
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs


def with_duckdb(directory):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    files = f"read_parquet('{directory}/events/**/*.parquet', hive_partitioning = true)"
    rows = connection.execute(
        f"""SELECT source, count(*), count(DISTINCT event_id), CAST(sum(amount) AS VARCHAR),
              CAST(sum(epoch_ms(event_time)) AS VARCHAR), bool_and(hour(event_time) = hour AND event_time::DATE = date)
            FROM {files} GROUP BY source ORDER BY source"""
    ).fetchall()
    types = connection.execute(f"SELECT typeof(amount), typeof(event_time), typeof(is_late) FROM {files} LIMIT 1").fetchone()
    groups = {r[0]: {"events": r[1], "ids": r[2], "amount": r[3], "times": r[4], "partitions_fit": r[5]} for r in rows}
    return {"groups": groups, "types": list(types)}


def with_polars(scan):
    frame = (
        scan.group_by("source")
        .agg(
            events=pl.len(),
            ids=pl.col("event_id").n_unique(),
            amount=pl.col("amount").sum(),
            times=pl.col("event_time").dt.timestamp("ms").sum(),
        )
        .collect()
    )
    return {
        "groups": {
            row["source"]: {"events": row["events"], "ids": row["ids"], "amount": str(row["amount"]), "times": str(row["times"])}
            for row in frame.to_dicts()
        }
    }


def with_pyarrow(root, filesystem):
    dataset = ds.dataset(root, filesystem=filesystem, format="parquet", partitioning="hive")
    table = dataset.to_table(columns=["source", "event_id", "amount", "event_time"])
    groups = {}
    for source in pc.unique(table["source"]).to_pylist():
        part = table.filter(pc.equal(table["source"], source))
        groups[source] = {
            "events": part.num_rows,
            "ids": pc.count_distinct(part["event_id"]).as_py(),
            "amount": str(pc.sum(part["amount"]).as_py()),
            "times": str(pc.sum(part["event_time"].cast("int64")).as_py()),
        }
    types = [str(dataset.schema.field(name).type) for name in ("amount", "event_time", "is_late")]
    return {"groups": groups, "types": types}


def main():
    directory = sys.argv[1]
    result = {
        "duckdb": with_duckdb(directory),
        "polars": with_polars(pl.scan_parquet(f"{directory}/events/**/*.parquet", hive_partitioning=True)),
    }
    if len(sys.argv) > 2:
        endpoint, prefix = sys.argv[2], sys.argv[3]
        filesystem = fs.S3FileSystem(
            access_key=os.environ["AWS_ACCESS_KEY_ID"],
            secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            endpoint_override=endpoint.split("://")[1],
            scheme="http",
            region="us-east-1",
        )
        result["pyarrow"] = with_pyarrow(f"{prefix}/events", filesystem)
        options = {
            "aws_endpoint_url": endpoint,
            "aws_allow_http": "true",
            "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
            "aws_region": "us-east-1",
        }
        result["polars_s3"] = with_polars(
            pl.scan_parquet(f"s3://{prefix}/events/**/*.parquet", hive_partitioning=True, storage_options=options)
        )
    print(json.dumps(result))


main()
