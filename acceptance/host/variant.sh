# Builds a variant of a system. $1 the system, $2 what is changed, $3 the variant's label. Before this stand the functions
# variant_nix and variant_builder. Prints its store path; a root keeps it.
roots=/nix/var/nix/gcroots/pulumi-clan-acceptance

# The folder of a program of the running system, without links: a store path where the system has one.
tool_folder() {
  found=$(command -v "$1") || {
    echo "the host has no $1" >&2
    exit 1
  }
  (cd "$(dirname "$(resolve "$found")")" && pwd -P)
}

{
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  variant_nix > "$work/variant.nix"
  variant_builder > "$work/build-variant.sh"
  shell=$(resolve "$(command -v bash)")
  tools=
  for tool in cp sed grep find; do tools="$tools $(tool_folder "$tool")" || exit 1; done
  mkdir -p "$roots"
  # Whatever this host's Nix is set to, it builds this itself and asks nobody.
  "$(nix_tool nix-build)" "$work/variant.nix" --quiet --out-link "$roots/$3" --max-jobs 1 \
    --option builders '' --option substitute false \
    --argstr toplevel "$1" --argstr change "$2" --argstr label "$3" --argstr shell "$shell" --argstr tools "$tools" \
    --argstr builder "$work/build-variant.sh"
} </dev/null
