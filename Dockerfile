# One image for every process of Bypuls: the command picks which ('ingest', 'process', 'serve', 'db migrate' …).
# Python's minor version and Debian's release are fixed; patches of both come with 'docker compose build --pull'.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# The tools that build are in an environment of their own, and stay in this stage.
RUN python -m venv /opt/build && python -m venv --without-pip /opt/bypuls
COPY constraints.txt ./
RUN /opt/build/bin/pip install -c constraints.txt hatchling
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/bypuls/bin/python install --no-compile -c constraints.txt /wheels/*.whl \
    # Compiled here, for nobody can write there later; by hash, for copying between stages may change times.
    && /opt/bypuls/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/bypuls/lib

FROM python:3.13-slim-trixie
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Bypuls" \
      org.opencontainers.image.description="City pulse: from MQTT messages to environmental KPIs with their evidence" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# hand-out of docker-compose.yml knows this number.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/bypuls --shell /usr/sbin/nologin bypuls \
    && install -d -o bypuls -g bypuls -m 0700 /var/lib/bypuls
COPY --from=build /opt/bypuls /opt/bypuls
ENV PATH=/opt/bypuls/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BYPULS_HOME=/var/lib/bypuls
USER 10001:10001
# What is healthy differs between the processes: docker-compose.yml says it for each.
ENTRYPOINT ["bypuls"]
CMD ["--help"]
