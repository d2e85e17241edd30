# Two stages: the first installs what is pinned by hash, the second runs it, not as root.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/trialmatch \
    && /opt/trialmatch/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY matching matching
COPY migrations migrations
# The build backend is not needed at run time: it is fetched for this step only.
RUN /opt/trialmatch/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 trialmatch && install -d -o trialmatch /data
COPY --from=build /opt/trialmatch /opt/trialmatch
ENV PATH=/opt/trialmatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRIALMATCH_HOST=0.0.0.0 \
    TRIALMATCH_DATABASE_URL=sqlite:////data/trialmatch.db
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["sh", "-c", "trialmatch db upgrade && exec trialmatch serve"]
