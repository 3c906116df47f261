#!/usr/bin/env bash
# Renders the manifests of deploy/kubernetes and checks them against the schemas of Kubernetes.
#
# Needs kubectl or kustomize. The schemas come with the PyPI package kubernetes-validate, which is
# installed into $TOOLS. Checks whose tools are not available are skipped with a message. Exit
# status: 0 if no check that ran has failed.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${TOOLS:-${CARGO_TARGET_DIR:-target}/tools}
VALIDATE_VERSION=1.37.0
# The oldest release that the manifests are for (preStop sleep), and the newest with schemas.
KUBERNETES=(1.30 1.37)

say() { printf '%s\n' "check-manifests: $*"; }

if command -v kustomize >/dev/null; then
    render() { kustomize build "$1"; }
elif kubectl kustomize --help >/dev/null 2>&1; then
    render() { kubectl kustomize "$1"; }
else
    say "SKIPPED: neither kustomize nor kubectl is installed"
    exit 0
fi

mkdir -p "$TOOLS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in base monitoring; do
    render "deploy/kubernetes/$folder" >"$work/$folder.yaml"
    say "$folder: $(grep -c '^kind:' "$work/$folder.yaml") objects"
done

validate=$TOOLS/kubernetes-validate/bin/kubernetes-validate
install() {
    python3 -m venv "$TOOLS/kubernetes-validate" &&
        "$TOOLS/kubernetes-validate/bin/pip" install -q "kubernetes-validate==$VALIDATE_VERSION"
}
if [ ! -x "$validate" ] && ! install >"$work/pip.log" 2>&1; then
    say "SKIPPED the schemas: the PyPI package kubernetes-validate is not available"
    exit 0
fi
for version in "${KUBERNETES[@]}"; do
    "$validate" --strict --quiet -k "$version" "$work/base.yaml" "$work/monitoring.yaml" \
        >"$work/report.txt" 2>&1 || { cat "$work/report.txt"; exit 1; }
    # ServiceMonitor belongs to the Prometheus Operator: Kubernetes has no schema for it.
    if grep -v 'kind ServiceMonitor' "$work/report.txt"; then
        say "FAILED against Kubernetes $version"
        exit 1
    fi
    say "valid for Kubernetes $version (ServiceMonitor has no schema there)"
done
