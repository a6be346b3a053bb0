# syntax=docker/dockerfile:1
# The manager's image: one static program, no shell, no root. The build runs on the builder's own architecture whatever the target, and compiles for
# that; its flags are those of hack/release/build.sh, so that the program is the same as that of a release.
ARG GO_VERSION=1.26
FROM --platform=${BUILDPLATFORM:-linux/amd64} golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
COPY mesosbridge/ mesosbridge/
# What differs between platforms comes last: all that is above is done once for all of them.
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH} \
    go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=${VERSION}" -o /manager ./cmd/manager

FROM gcr.io/distroless/static:nonroot
ARG VERSION=dev
LABEL org.opencontainers.image.title="mesos-operator" \
      org.opencontainers.image.description="Runs tasks on Apache Mesos from Kubernetes objects" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/mesos-operator/mesos-operator" \
      org.opencontainers.image.version="${VERSION}"
COPY LICENSE THIRD_PARTY_LICENSES /licenses/
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
