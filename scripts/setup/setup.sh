#!/bin/sh
# Brings what the project needs; runs on plain sh and the system's Node 20. `npm run setup [-- --check] [--quiet]`.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if ! command -v node >/dev/null 2>&1; then
  echo "setup: Node.js is missing: setup itself runs on Node 20 or newer; it comes with: apt-get install nodejs npm (Debian 13), or https://nodejs.org/en/download" >&2
  exit 1
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  echo "setup: Node.js $(node --version) is too old: setup itself runs on Node 20 or newer; a newer one: https://nodejs.org/en/download" >&2
  exit 1
fi
exec node "$here/setup.mjs" "$@"
