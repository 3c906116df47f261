# The server as an image: no shell, no package manager, user 65532.
#
# Needs BuildKit, the builder of Docker 23 and newer (older: DOCKER_BUILDKIT=1). For other
# processors than the builder's it cross-compiles; nothing is emulated.

# The compiler of rust-toolchain.toml.
ARG RUST_VERSION=1.95.0
# May be pinned further: --build-arg RUNTIME_IMAGE=gcr.io/distroless/cc-debian12@sha256:…
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM --platform=$BUILDPLATFORM rust:${RUST_VERSION}-slim-bookworm AS build
ARG BUILDARCH
ARG TARGETARCH
WORKDIR /build

# Cargo's own settings name the target, so the builds below are the same for each.
RUN <<END
set -eu
case "$TARGETARCH" in
    amd64) cpu=x86_64 ;;
    arm64) cpu=aarch64 ;;
    *) echo "no way is known to build for $TARGETARCH; known are amd64 and arm64" >&2; exit 1 ;;
esac
if [ "$TARGETARCH" != "$BUILDARCH" ]; then
    apt-get update
    apt-get install -y --no-install-recommends \
        "gcc-$(echo $cpu | tr _ -)-linux-gnu" "libc6-dev-$TARGETARCH-cross"
    rm -rf /var/lib/apt/lists/*
    rustup target add $cpu-unknown-linux-gnu
fi
cat >"$CARGO_HOME/config.toml" <<TOML
[build]
target = "$cpu-unknown-linux-gnu"
[target.$cpu-unknown-linux-gnu]
linker = "$cpu-linux-gnu-gcc"
TOML
END

# The dependencies, compiled for an empty program: this layer stays while only `src` changes.
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches benches
COPY proto proto
RUN <<END
set -eu
mkdir src
touch src/lib.rs
echo 'fn main() {}' >src/main.rs
cargo build --release --locked --bin match-function
END

# The page that `lint --explain` prints.
COPY docs/lints.md docs/lints.md
# The sources may be older than the empty program; Cargo goes by the time of the files.
COPY src src
RUN <<END
set -eu
touch src/lib.rs src/main.rs
cargo build --release --locked --bin match-function
mkdir /out
cp target/*/release/match-function /out/
END

FROM ${RUNTIME_IMAGE}
COPY --from=build /out/match-function /match-function
USER 65532:65532
# gRPC; metrics, /healthz and /readyz
EXPOSE 6565 8080
# It handles SIGTERM itself and starts no processes, so it needs no init in front of it.
ENTRYPOINT ["/match-function"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/match-function", "health"]

# Last, as they change with every build.
ARG RUNTIME_IMAGE
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="matchmaking-function-grpc-plugin-server-rust" \
      org.opencontainers.image.description="Match function server for AccelByte Gaming Services (AGS) matchmaking" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="$RUNTIME_IMAGE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
