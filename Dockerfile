# SPDX-License-Identifier: Apache-2.0
# One image for all roles: docker run … todoke serve | work | relay | post | migrate | connect NAME

FROM python:3.11-slim-bookworm AS packages
COPY requirements/bootstrap.txt requirements/runtime.txt /requirements/
# Exactly what was tested: every package by version and hash.
RUN python -m venv /opt/todoke/venv \
 && python -m venv /opt/uv \
 && /opt/uv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes -r /requirements/bootstrap.txt \
 && /opt/uv/bin/uv pip install --no-cache --compile-bytecode --python /opt/todoke/venv/bin/python \
      --require-hashes -r /requirements/runtime.txt

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Todoke" \
      org.opencontainers.image.description="One-stop engine for life events in Japan" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 todoke \
 && useradd --uid 10001 --gid todoke --home-dir /var/lib/todoke --create-home --shell /usr/sbin/nologin todoke \
 && chmod 0700 /var/lib/todoke
COPY --from=packages /opt/todoke/venv /opt/todoke/venv
COPY . /opt/todoke/tree
# The tree comes first: `mailbox` is also the name of a module of the standard library.
ENV PATH=/opt/todoke/venv/bin:$PATH \
    PYTHONPATH=/opt/todoke/tree \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TODOKE_STATE=/var/lib/todoke \
    TODOKE_LISTEN=0.0.0.0:8080
WORKDIR /var/lib/todoke
USER 10001:10001
VOLUME /var/lib/todoke
EXPOSE 8080
STOPSIGNAL SIGTERM
# For `serve`. docker-compose.yml asks each of the other roles for its own sign.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 \
  CMD ["/bin/sh", "/opt/todoke/tree/.ci/role", "/run/secrets", "health", "serve"]
ENTRYPOINT ["/bin/sh", "/opt/todoke/tree/.ci/role", "/run/secrets"]
CMD ["serve"]
