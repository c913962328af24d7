# syntax=docker/dockerfile:1

# The image of every process: one binary, `ingot`.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# Named one by one, so that neither `target` nor `.git` is sent to the builder.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY tools tools
COPY crates crates
COPY entity entity
COPY migration migration
COPY worker worker
COPY api api
COPY tests tests
COPY templates templates
COPY samples samples
# The caches live beside the layers, so that a change of one file does not compile the world again. The binary leaves
# the cache in the same step, for the cache is not part of the layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin ingot \
    && install -D --strip target/release/ingot /out/ingot

FROM debian:bookworm-slim
# Certificates of the public authorities, for AWS; nothing else is added.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ingot /usr/local/bin/ingot
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080 9090
# Commands are given whole (`ingot api …`), as on any other machine.
CMD ["ingot", "--help"]
