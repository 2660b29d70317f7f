# The one image of all commands: pds-webhook, pds-operator, pds-portal. docs/image.md says how to build it, and what it holds.
# BASE is any Python 3.11 to 3.14 on Debian; a release pins it: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What is locked changes less often than the code, so it comes first. The base's pip fills /opt/pds from outside:
# none is in it.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/pds \
 && python -m pip --python /opt/pds/bin/python install --no-compile --require-hashes --only-binary :all: -r requirements/runtime.txt \
 && python -m venv --without-pip tools \
 && python -m pip --python tools/bin/python install --no-compile --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY contract contract
COPY clients clients
COPY runtime runtime
COPY webhook webhook
COPY operator operator
COPY portal portal
# Left out: libraries' own tests, and the Kubernetes client's classes for each API group, 76 MB that nothing loads: all
# calls are raw. Bytecode is made now, as nothing can be written at run time, but for that client's models, of which
# three are loaded; unchecked, as no source changes any more. The last line shows that nothing is missing.
RUN tools/bin/python -m hatchling build --target wheel --directory dist \
 && python -m pip --python /opt/pds/bin/python install --no-compile --no-deps --no-index dist/*.whl \
 && find /opt/pds/lib -depth -type d \( -name tests -o -path '*/kubernetes/*client/api' \) -exec rm -r {} + \
 && /opt/pds/bin/python -m compileall -q -j 0 -x '/kubernetes/.*client/models/' --invalidation-mode unchecked-hash /opt/pds/lib \
 && /opt/pds/bin/python -c 'import pds_webhook.__main__, pds_operator.__main__, pds_portal.__main__'

# hadolint ignore=DL3006
FROM ${BASE}
# The base's own pip is hidden: nothing is installed at run time.
RUN pip="$(python -c 'import pip; print(*pip.__path__)')" \
 && rm -rf "$pip" "$pip"-*.dist-info /usr/bin/pip* /usr/local/bin/pip*
COPY --from=build /opt/pds /opt/pds
ENV PATH=/opt/pds/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
STOPSIGNAL SIGTERM
# Whoever runs the image names the command; each takes SIGTERM itself, also as process 1.
CMD ["sh", "-c", "echo 'name a command: pds-webhook, pds-operator or pds-portal' >&2; exit 2"]

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="eny-pds" \
      org.opencontainers.image.description="A webhook, a Kubernetes operator and a portal that turn paid Stripe checkouts into running AT Protocol PDSes" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
