#!/bin/sh
# Formats the volume on first use and runs the broker. Configuration and certificates are mounted at /etc/kafka.
set -eu
export KAFKA_DATA=/var/lib/kafka/data
if [ ! -f "$KAFKA_DATA/meta.properties" ]; then
  java -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format \
    --cluster-id Y291bnRpbmdob3VzZSEhIQ --config /etc/kafka/server.properties \
    --add-scram "SCRAM-SHA-512=[name=$ADMIN_USER,password=$ADMIN_PASSWORD]"
fi
exec java "-Xms${HEAP:-512m}" "-Xmx${HEAP:-512m}" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
  -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml -cp '/opt/kafka/libs/*' kafka.Kafka /etc/kafka/server.properties
