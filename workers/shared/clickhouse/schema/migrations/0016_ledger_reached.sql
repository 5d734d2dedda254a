-- Ledgers of HTTP ingest and of files: what they saw acknowledged, by partition.
ALTER TABLE ledger_instances ADD COLUMN IF NOT EXISTS reached String DEFAULT '';
