# One image per worker: the compiled binary on a base without a shell. `make images` compiles for each platform first
# (dist/images/<architecture>/<worker>), so nothing is downloaded or compiled in here.
ARG BASE=gcr.io/distroless/base-nossl-debian13:nonroot
FROM ${BASE}
# Set by BuildKit for each platform, and by `make images`.
ARG TARGETARCH=amd64
ARG WORKER
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="countinghouse ${WORKER}" \
      org.opencontainers.image.description="A Kafka to ClickHouse event pipeline whose counts are provably right" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY dist/images/${TARGETARCH}/${WORKER} /worker
USER 65532:65532
# Health and metrics; the HTTP API of ingest and console.
EXPOSE 9400 8080
ENTRYPOINT ["/worker"]
