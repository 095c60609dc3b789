# What serves, and what trains:
#   cpu     LiteRT; no TensorFlow, no training code
#   gpu     TensorFlow and NVIDIA's libraries
#   train   `gpu` and the training package
#   ray     LiteRT under Ray, for a cluster
# All stand on one slim Python image; pin it by its digest:
#   docker build --target cpu --build-arg BASE=python:3.12-slim@sha256:... .
# No image of NVIDIA's or TensorFlow's is below them: the wheels bring the libraries that
# fit each other, and a second cuDNN beside them is what breaks.
ARG BASE=python:3.12-slim

# --- the packages: a layer that changes only when a lock does -------------------------
FROM ${BASE} AS install
# An index of one's own, or a proxy: --secret id=pip.conf,src=... and, where it has a
# certificate of its own, --secret id=ca.pem,src=...; neither stays in the image.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_CACHE_DIR=/var/cache/pip
RUN python3 -m venv /opt/vasari

FROM install AS install-cpu
COPY requirements/serve.txt /requirements.txt
# What is compiled here need not be at each start of a container that cannot write.
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem \
    /opt/vasari/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r /requirements.txt \
 && /opt/vasari/bin/python -m pip uninstall --yes pip setuptools \
# What no CPU runs: LiteRT on WebGPU, its plug-ins for phones' chips, numpy's own tests.
 && cd /opt/vasari/lib/python3*/site-packages \
 && rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/tools ai_edge_litert/vendors \
 && find numpy -type d -name tests -prune -exec rm -r {} +

FROM install AS install-gpu
COPY requirements/gpu.txt /requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem \
    /opt/vasari/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r /requirements.txt \
 && /opt/vasari/bin/python -m pip uninstall --yes pip

FROM install AS install-train
COPY requirements/train.txt /requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem \
    /opt/vasari/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r /requirements.txt \
 && /opt/vasari/bin/python -m pip uninstall --yes pip \
 && mkdir --mode=1777 /opt/cache

FROM install AS install-ray
COPY requirements/scale.txt /requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem \
    /opt/vasari/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r /requirements.txt \
 && /opt/vasari/bin/python -m pip uninstall --yes pip

# --- what every image is -------------------------------------------------------------
FROM ${BASE} AS vasari
ARG BASE
# Version, revision and date come by `docker build --label`: here they would be in the way of
# the cache.
LABEL org.opencontainers.image.title="Vasari" \
      org.opencontainers.image.description="Tells the period in which a picture was painted" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE}"
# The user has no home; what a library wants to keep goes where a tmpfs may be.
ENV PATH=/opt/vasari/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VASARI_HOST=0.0.0.0 \
    VASARI_PORT=8000
WORKDIR /srv/vasari
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# On a GPU, ready says that the GPU is used: with VASARI_DEVICE=gpu nothing starts without.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['VASARI_PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]

# --- the targets: what seldom changes first -------------------------------------------
FROM vasari AS gpu
# A slim image does not set these; without them the driver is not mounted.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TF_CPP_MIN_LOG_LEVEL=2 \
    VASARI_DEVICE=gpu
COPY --from=install-gpu /opt/vasari /opt/vasari
COPY models_store models_store
COPY app app

FROM vasari AS train
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TF_CPP_MIN_LOG_LEVEL=2 \
    MPLCONFIGDIR=/tmp/matplotlib
COPY --from=install-train /opt/vasari /opt/vasari
# Whoever owns the mounted store may train, and so must find a cache to write to.
COPY --from=install-train /opt/cache .cache
COPY app app
COPY training training
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "training.run"]
CMD ["--help"]

FROM vasari AS ray
ENV PYTHONPATH=/srv/vasari
COPY --from=install-ray /opt/vasari /opt/vasari
COPY models_store models_store
COPY app app
COPY scaling scaling
HEALTHCHECK NONE
ENTRYPOINT []
CMD ["serve", "run", "scaling.serve:build"]

FROM vasari AS cpu
ENV VASARI_DEVICE=cpu
COPY --from=install-cpu /opt/vasari /opt/vasari
COPY models_store models_store
COPY app app
