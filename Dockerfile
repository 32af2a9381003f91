# Pages, API and crawl of one library, by the same lock as `make` installs. docs/serve.md tells how to run it.
FROM python:3.13-slim AS build
# An index that has torch without CUDA: a tenth of the size. It is asked for torch alone.
ARG TORCH_INDEX=
WORKDIR /source
ENV PATH=/opt/indexer/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt requirements-torch.txt ./
RUN python -m venv /opt/indexer \
    && pip install --no-deps --require-hashes -r requirements.txt \
    && pip install -r requirements-torch.txt ${TORCH_INDEX:+--no-deps --index-url "$TORCH_INDEX"}
COPY . .
RUN pip install --no-deps --no-build-isolation . \
    && pip check

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home --home-dir /library indexer
COPY --from=build /opt/indexer /opt/indexer
ENV PATH=/opt/indexer/bin:$PATH PYTHONUNBUFFERED=1 \
    INDEXER_CATALOGUE=/library/catalogue.yaml INDEXER_DATA=/library/data INDEXER_CACHE=/library/cache
USER 10001
WORKDIR /library
VOLUME /library
EXPOSE 8470
# Whoever comes from outside the container shows INDEXER_TOKEN; so does this.
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m CMD ["python", "-c", "import os, urllib.request as ask; ask.urlopen(ask.Request('http://127.0.0.1:8470/api/v1/status', headers={'Authorization': 'Bearer ' + os.environ['INDEXER_TOKEN']}), timeout=8)"]
CMD ["indexer", "serve", "--host", "0.0.0.0"]
