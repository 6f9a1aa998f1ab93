-- Prosody for the comparison: everything that a durable chat needs and nothing that holds it back.
-- Words between @ signs are filled in by benchmarks/peers/prosody.py.
daemonize = false
pidfile = "@FOLDER@/prosody.pid"
data_path = "@FOLDER@/data"
log = { error = "@FOLDER@/prosody.log" }
plugin_paths = {}

modules_enabled = { "saslauth", "disco", "presence", "message", "iq", "mam", "smacks" }
modules_disabled = { "s2s", "offline", "posix" }
network_backend = "epoll"
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"

storage = "sql"
sql = {
  driver = "PostgreSQL", host = "127.0.0.1", port = @POSTGRES_PORT@,
  database = "@DATABASE@", username = "@ROLE@", password = "@PASSWORD@",
}
default_archive_policy = true
archive_expires_after = "never"
max_archive_query_results = 1000

VirtualHost "localhost"

Component "conference.localhost" "muc"
  modules_enabled = { "muc_mam" }
  restrict_room_creation = false
  muc_log_by_default = true
  muc_log_expires_after = "never"
  muc_room_default_persistent = true
