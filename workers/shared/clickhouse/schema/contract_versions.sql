-- The contracts that were accepted, each with the append time from which messages are judged by it: a message that was
-- appended earlier keeps its verdict, whoever reads it again. Written by `ops migrate` and `ops contract apply`.
CREATE TABLE IF NOT EXISTS contract_versions
(
    version    UInt32,
    -- Of the documents' meaning, see shared/contract/hash.ts.
    hash       String,
    since      DateTime64(3, 'UTC'),
    -- JSON: text of each file by its name.
    documents  String CODEC(ZSTD(1)),
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version;
