# Two targets: `cpu` (LiteRT, no TensorFlow, no training code) and `gpu`.
# Pin the base by its digest: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim

FROM ${BASE} AS install-cpu
COPY requirements/serve.txt /requirements.txt
RUN python3 -m venv /opt/vasari \
 && /opt/vasari/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: -r /requirements.txt \
 && /opt/vasari/bin/python -m pip uninstall --yes pip

FROM ${BASE} AS install-gpu
COPY requirements/gpu.txt /requirements.txt
RUN python3 -m venv /opt/vasari \
 && /opt/vasari/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: -r /requirements.txt

FROM ${BASE} AS service
LABEL org.opencontainers.image.title="Vasari" \
      org.opencontainers.image.description="Tells the period in which a picture was painted" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/vasari/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VASARI_HOST=0.0.0.0 \
    VASARI_PORT=8000
WORKDIR /srv/vasari
COPY app app
COPY models_store models_store
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['VASARI_PORT']}/readyz\", timeout=2)"]
CMD ["python", "-m", "app", "serve"]

FROM service AS gpu
# A slim image does not set these; without them the driver is not mounted.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TF_CPP_MIN_LOG_LEVEL=2 \
    VASARI_DEVICE=gpu
COPY --from=install-gpu /opt/vasari /opt/vasari

FROM service AS cpu
ENV VASARI_DEVICE=cpu
COPY --from=install-cpu /opt/vasari /opt/vasari
