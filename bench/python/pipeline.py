"""The consumer most teams write by hand: confluent-kafka (librdkafka), orjson, pydantic v2, clickhouse-connect.

Reads the topic, validates every event, inserts batches of 50,000 rows by column and commits the offsets afterwards.
At-least-once: a crash between insert and commit repeats a batch. Refused messages are counted and skipped. It fills the
columns of `events_raw` as countinghouse's consumer does. Configured by the same environment variables; SIGTERM ends it.
"""

import os
import signal
import sys
import time
from datetime import datetime, timezone
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import clickhouse_connect
import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition
from pydantic import BaseModel, ConfigDict, Field, ValidationError

BATCH_ROWS = 50_000
BATCH_SECONDS = 0.5
LATE_AFTER_MS = 20_000
UTC = timezone.utc
ZERO = Decimal(0)

COLUMNS = [
    "event_id", "event_time", "received_time", "source", "event_type", "user_id", "session_id", "amount", "currency",
    "payload", "extra", "size_bytes", "latency_ms", "ingest_delay_ms", "is_late", "producer", "kafka_partition",
    "kafka_offset", "kafka_append_time",
]  # fmt: skip


class Event(BaseModel):
    """The envelope. Payloads are not checked by event type, as countinghouse does."""

    model_config = ConfigDict(extra="allow")

    event_id: UUID
    user_id: str = Field(min_length=1, max_length=256)
    event_type: str
    event_time: datetime
    received_time: datetime
    source: Literal["lottery", "web", "mobile", "sensor"] = "web"
    session_id: str = ""
    payload: dict | None = None


class Batch:
    def __init__(self):
        self.columns = [[] for _ in COLUMNS]
        self.offsets = {}
        self.started = time.monotonic()

    def __len__(self):
        return len(self.columns[0])

    def add(self, message):
        partition, offset = message.partition(), message.offset()
        self.offsets[message.topic(), partition] = offset + 1
        value = message.value()
        event = Event.model_validate(orjson.loads(value))
        payload = event.payload
        amount = payload.get("amount") if payload else None
        extra = event.model_extra
        headers = message.headers()
        appended_ms = message.timestamp()[1]
        event_ms = int(event.event_time.timestamp() * 1000)
        row = (
            event.event_id,
            event.event_time,
            event.received_time,
            event.source,
            event.event_type,
            event.user_id,
            event.session_id,
            Decimal(amount) if amount is not None else ZERO,
            payload.get("currency", "") if payload else "",
            orjson.dumps(payload).decode() if payload is not None else "",
            orjson.dumps(extra).decode() if extra else "",
            len(value),
            int(time.time() * 1000) - event_ms,
            int(event.received_time.timestamp() * 1000) - event_ms,
            appended_ms - event_ms > LATE_AFTER_MS,
            headers[0][1].decode() if headers else "",
            partition,
            offset,
            datetime.fromtimestamp(appended_ms / 1000, UTC),
        )
        for column, cell in zip(self.columns, row):
            column.append(cell)


def connect():
    url = urlsplit(os.environ["CLICKHOUSE_URL"])
    return clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port,
        username=os.environ["CLICKHOUSE_USER"],
        password=os.environ["CLICKHOUSE_PASSWORD"],
        database=os.environ["CLICKHOUSE_DATABASE"],
        compress=False,  # on one machine it would only cost CPU
        autogenerate_session_id=False,
        settings={"async_insert": 0},
    )


def subscribe():
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BROKERS"],
            "group.id": os.environ["KAFKA_GROUP_ID"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 131_072,
            "fetch.max.bytes": 16_777_216,
            "max.partition.fetch.bytes": 4_194_304,
        }
    )
    consumer.subscribe([os.environ["KAFKA_EVENTS_TOPIC"]])
    return consumer


def flush(batch, client, context, consumer):
    if len(batch) > 0:
        context.data = batch.columns  # the context keeps the table's types, looked up once
        client.data_insert(context)
    consumer.commit(offsets=[TopicPartition(t, p, o) for (t, p), o in batch.offsets.items()], asynchronous=False)


def main():
    stopping = False

    def stop(*_):
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    client = connect()
    context = client.create_insert_context("events_raw", column_names=COLUMNS, column_oriented=True)
    consumer = subscribe()
    batch, refused = Batch(), 0
    while not stopping:
        for message in consumer.consume(num_messages=10_000, timeout=0.1):
            if message.error():
                raise KafkaException(message.error())
            try:
                batch.add(message)
            except (ValidationError, orjson.JSONDecodeError) as error:
                refused += 1
                print(f"refused: {error}", file=sys.stderr)
        if len(batch) >= BATCH_ROWS or (batch.offsets and time.monotonic() - batch.started > BATCH_SECONDS):
            flush(batch, client, context, consumer)
            batch = Batch()
    if batch.offsets:
        flush(batch, client, context, consumer)
    consumer.close()


if __name__ == "__main__":
    main()
