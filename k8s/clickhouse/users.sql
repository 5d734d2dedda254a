-- Made by scripts/generate/users-sql.ts from users.d/countinghouse.xml, whose comments give the reasons.
--
-- For a server whose users are made with SQL, by a user that may make users and grant all this. Passwords are parameters,
-- so a statement whose password is missing is refused (456). passwords.sql, which you write and keep to yourself, has a
-- line for each user, with a password of letters and digits:
--   SET param_insert_password = '…';
--
--   cat passwords.sql users.sql | clickhouse-client --host … --user … --ask-password
--
-- For another database:  sed 's/ON countinghouse\./ON `my-db`./' users.sql
-- Run it again after an upgrade: it adds what is new. It takes nothing away, and changes no password
-- (docs/kubernetes.md, Replacing passwords).
-- Without a lake, leave out the lines with countinghouse_lake and countinghouse_restore.

CREATE SETTINGS PROFILE IF NOT EXISTS countinghouse_insert SETTINGS async_insert = 0;
CREATE SETTINGS PROFILE IF NOT EXISTS countinghouse_operate SETTINGS async_insert = 0, max_execution_time = 600;
CREATE SETTINGS PROFILE IF NOT EXISTS countinghouse_lake SETTINGS async_insert = 0, max_execution_time = 1800;
CREATE SETTINGS PROFILE IF NOT EXISTS countinghouse_read SETTINGS readonly = 2, max_execution_time = 600, max_memory_usage = 2000000000;

CREATE USER IF NOT EXISTS countinghouse_insert IDENTIFIED BY {insert_password:String} SETTINGS PROFILE 'countinghouse_insert';
CREATE USER IF NOT EXISTS countinghouse_read IDENTIFIED BY {read_password:String} SETTINGS PROFILE 'countinghouse_read';
CREATE USER IF NOT EXISTS countinghouse_operate IDENTIFIED BY {operate_password:String} SETTINGS PROFILE 'countinghouse_operate';
CREATE USER IF NOT EXISTS countinghouse_resolve IDENTIFIED BY {resolve_password:String} SETTINGS PROFILE 'countinghouse_operate';
CREATE USER IF NOT EXISTS countinghouse_lake IDENTIFIED BY {lake_password:String} SETTINGS PROFILE 'countinghouse_lake';
CREATE USER IF NOT EXISTS countinghouse_restore IDENTIFIED BY {restore_password:String} SETTINGS PROFILE 'countinghouse_lake';
CREATE USER IF NOT EXISTS countinghouse_migrate IDENTIFIED BY {migrate_password:String};

CREATE QUOTA IF NOT EXISTS countinghouse_insert FOR INTERVAL 60 SECOND MAX queries = 60000, errors = 6000 TO countinghouse_insert;
CREATE QUOTA IF NOT EXISTS countinghouse_read FOR INTERVAL 60 SECOND MAX queries = 12000, errors = 1200, execution_time = 600 TO countinghouse_read, countinghouse_operate, countinghouse_resolve;

GRANT INSERT ON countinghouse.events_raw TO countinghouse_insert;
GRANT INSERT ON countinghouse.dead_letters_raw TO countinghouse_insert;
GRANT INSERT ON countinghouse.ledger_counts TO countinghouse_insert;
GRANT INSERT ON countinghouse.ledger_instances TO countinghouse_insert;
GRANT INSERT ON countinghouse.offsets_without_message TO countinghouse_insert;
GRANT SELECT ON countinghouse.pipeline_settings TO countinghouse_insert;
GRANT SELECT ON countinghouse.contract_versions TO countinghouse_insert;

GRANT SELECT ON countinghouse.* TO countinghouse_read;
GRANT SELECT ON system.merges TO countinghouse_read;
GRANT SELECT ON system.parts TO countinghouse_read;
GRANT SELECT ON system.tables TO countinghouse_read;
GRANT SELECT ON system.columns TO countinghouse_read;
GRANT SELECT ON system.view_refreshes TO countinghouse_read;

GRANT SELECT ON countinghouse.* TO countinghouse_operate;
GRANT INSERT ON countinghouse.verification_runs TO countinghouse_operate;
GRANT INSERT ON countinghouse.proof_progress TO countinghouse_operate;
GRANT INSERT ON countinghouse.offsets_without_message TO countinghouse_operate;
GRANT INSERT ON countinghouse.received_alerts TO countinghouse_operate;
GRANT INSERT ON countinghouse.dead_letter_replays_raw TO countinghouse_operate;
GRANT SELECT ON system.merge_tree_settings TO countinghouse_operate;
GRANT SELECT ON system.tables TO countinghouse_operate;
GRANT SELECT ON system.columns TO countinghouse_operate;
GRANT SELECT ON system.view_refreshes TO countinghouse_operate;

GRANT SELECT ON countinghouse.* TO countinghouse_resolve;
GRANT INSERT ON countinghouse.conflict_resolutions TO countinghouse_resolve;
GRANT INSERT ON countinghouse.minute_marks TO countinghouse_resolve;
GRANT ALTER DELETE ON countinghouse.events_raw TO countinghouse_resolve;
GRANT ALTER DELETE ON countinghouse.event_index TO countinghouse_resolve;

GRANT SELECT ON countinghouse.events TO countinghouse_lake;
GRANT SELECT ON countinghouse.events_raw TO countinghouse_lake;
GRANT SELECT ON countinghouse.events_per_hour_store TO countinghouse_lake;
GRANT SELECT ON countinghouse.minute_marks TO countinghouse_lake;
GRANT SELECT ON countinghouse.events_per_minute_store TO countinghouse_lake;
GRANT SELECT ON countinghouse.conflict_resolutions TO countinghouse_lake;
GRANT SELECT ON countinghouse.raw_horizon TO countinghouse_lake;
GRANT SELECT ON countinghouse.pipeline_settings TO countinghouse_lake;
GRANT SELECT ON countinghouse.contract_versions TO countinghouse_lake;
GRANT SELECT, INSERT ON countinghouse.lake_files TO countinghouse_lake;
GRANT SELECT, INSERT ON countinghouse.lake_runs TO countinghouse_lake;
GRANT SELECT ON countinghouse.lake_pending TO countinghouse_lake;
GRANT S3 ON *.* TO countinghouse_lake;
GRANT CREATE TEMPORARY TABLE ON *.* TO countinghouse_lake;

GRANT SELECT ON countinghouse.events_raw TO countinghouse_restore;
GRANT SELECT ON countinghouse.raw_horizon TO countinghouse_restore;
GRANT SELECT ON countinghouse.pipeline_settings TO countinghouse_restore;
GRANT SELECT ON countinghouse.lake_files TO countinghouse_restore;
GRANT SELECT ON countinghouse.lake_runs TO countinghouse_restore;
GRANT INSERT ON countinghouse.events_raw TO countinghouse_restore;
GRANT INSERT ON countinghouse.lake_files TO countinghouse_restore;
GRANT INSERT ON countinghouse.lake_runs TO countinghouse_restore;
GRANT S3 ON *.* TO countinghouse_restore;
GRANT CREATE TEMPORARY TABLE ON *.* TO countinghouse_restore;

GRANT ALL ON countinghouse.* TO countinghouse_migrate;
GRANT CLUSTER ON *.* TO countinghouse_migrate;
GRANT SELECT ON system.columns TO countinghouse_migrate;
GRANT SELECT ON system.merge_tree_settings TO countinghouse_migrate;
GRANT SELECT ON system.tables TO countinghouse_migrate;
GRANT SELECT ON system.view_refreshes TO countinghouse_migrate;
