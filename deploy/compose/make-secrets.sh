#!/bin/sh
# Makes the secrets of deploy/compose.yaml, one file each, where there is none yet: sh make-secrets.sh FOLDER.
# Run it as root: each file then belongs to the user of the container that reads it (compose mounts them as they are).
#
# 32 random bytes of the kernel a key, 24 a password. Keep a copy of the folder where backups of the database do not lie:
# field_key and code_key are needed to use a restored database. Erased with the folder. Yours to fill are tls_certificate,
# tls_key, siem_* where the log is fed to a SIEM, and at the ceremony authority_key (head -c 32 /dev/urandom | base64) and
# certificates; until then they are empty.
set -eu
umask 077
folder=${1:?name a folder}
mkdir -p "$folder"
cd "$folder"

key() { [ -e "$1" ] || head -c 32 /dev/urandom | base64 >"$1"; }
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
write() { [ -e "$1" ] || cat >"$1"; }

for name in secret_key field_key code_key log_key keys_log_key; do key "$name"; done
[ -e postgres_password ] || password >postgres_password
for name in authority_key certificates tls_certificate tls_key siem_ca siem_certificate siem_key; do write "$name" </dev/null; done

if [ ! -e role_passwords ]; then
    for role in app migrator integrator auditor; do
        secret=$(password)
        # Inside the host's own network, which leads nowhere else; a PostgreSQL elsewhere: sslmode=verify-full.
        echo "postgresql://beep_$role:$secret@postgres/beep?sslmode=disable" >"database_$role"
        echo "ALTER ROLE beep_$role PASSWORD '$secret';"
    done >role_passwords.new
    mv role_passwords.new role_passwords
fi
if [ ! -e valkey_conf ]; then
    secret=$(password)
    echo "redis://:$secret@valkey:6379/0" >valkey_url
    printf 'bind 0.0.0.0\nport 6379\nrequirepass %s\nsave ""\nappendonly no\nloglevel warning\n' "$secret" >valkey_conf
fi

if [ "$(id -u)" = 0 ]; then
    chown 10001 secret_key field_key code_key authority_key certificates log_key keys_log_key database_* valkey_url siem_*
    chown 101 tls_certificate tls_key
    chown 999 postgres_password role_passwords valkey_conf
else
    echo "not root: give each file to the user that reads it (see the end of this script)" >&2
fi
