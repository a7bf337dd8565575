#!/bin/sh
# Builds sops and age from Go modules, for the tests that compare with them: nobody needs sops to run a fleet. Exit 1: they
# cannot be had here.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target="${PULUMI_CLAN_CACHE:-$HOME/.cache/pulumi-clan}/secret-tools/sops-3.11.0/bin"
if [ -x "$target/sops" ] && [ -x "$target/age" ]; then exit 0; fi
command -v go >/dev/null || exit 1
mkdir -p "$target"
staged=$(mktemp -d "$target/.staged-XXXXXX")
trap 'rm -rf "$staged"' EXIT
cd "$here/secret-tools"
for program in filippo.io/age/cmd/age github.com/getsops/sops/v3/cmd/sops; do
  CGO_ENABLED=0 GOFLAGS="" GOWORK=off timeout 1800 go build -mod=readonly -trimpath -o "$staged/" "$program" || exit 1
done
mv -f "$staged/age" "$staged/sops" "$target/"
