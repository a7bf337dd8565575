# $1 nix-store; $2 zstd; $3 bytes. `old_paths` prints store paths whose archives, one after another, have that many bytes.
# What follows on the input, once we are ready, are differences from them: requests to the store as zstd makes them.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pulumi-clan-delta.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# One process that gives all archives, instead of one for each: the greeting, then a request for each path.
requests() {
  printf '\353\235\014\071\000\000\000\000\007\002\000\000\000\000\000\000'
  old_paths | while IFS= read -r path; do
    printf '\003\000\000\000\000\000\000\000'
    printf "\\$(printf %o "${#path}")\\000\\000\\000\\000\\000\\000\\000%s" "$path"
    left=$(((8 - ${#path} % 8) % 8))
    while [ "$left" -gt 0 ]; do
      printf '\000'
      left=$((left - 1))
    done
  done
}
# The host's greeting has 16 bytes.
requests | "$1" --serve | tail -c +17 >"$work/archives" || exit 1
if [ "$(wc -c <"$work/archives")" -ne "$3" ]; then
  echo "error: the archives of the old paths have other sizes here" >&2
  exit 1
fi
# From here on no end of ours leaves anything behind.
exec 3<"$work/archives" && rm -rf "$work" && echo ready || exit 1
"$2" -dcq --long=27 --patch-from=/dev/fd/3 | "$1" --serve --write
