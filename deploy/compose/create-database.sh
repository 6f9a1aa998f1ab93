#!/bin/sh
# Runs once, in the new cluster, after roles.sql: passwords, the database and its rights.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --quiet --file /run/secrets/role_passwords
createdb --username postgres --owner beep_owner beep
psql --set ON_ERROR_STOP=1 --username postgres --quiet --dbname beep --file /etc/beep/database.sql
