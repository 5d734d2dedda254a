#!/bin/sh
# Runs the server given as arguments. It reads the passwords of its users from the environment, as XML: without this a
# password with & or < keeps it from starting, and a Secret made from a file has a line break at its end that no client
# can send. Workers drop that line break as well.
set -eu
for role in INSERT READ OPERATE RESOLVE MIGRATE LAKE RESTORE; do
  name="CLICKHOUSE_${role}_PASSWORD"
  # What $( ) captures loses all line breaks at its end.
  value=$(printenv "$name" | sed -e 's/\r$//' -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g')
  if [ -z "$value" ]; then
    echo "$name is not set, or empty: put a password under that key of its Secret, and delete the pod" >&2
    exit 1
  fi
  export "$name=$value"
done
exec "$@"
