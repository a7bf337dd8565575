# $1 a system whose closure is told, or "". `candidates` prints store paths: told are those that the host does not have.
# Lines `key<TAB>value`; a part that failed has no `…-end`, and nothing of it counts.
store=$(nix_tool nix-store)
closure() {
  paths=$("$store" --query --requisites "$1") || return 0
  sizes=$(printf '%s\n' "$paths" | xargs -n 1000 "$store" --query --size) || return 0
  printf '%s\n' "$paths" | awk '{ print "path\t" $0 }'
  printf '%s\n' "$sizes" | awk '{ print "size\t" $0 }'
  printf 'closure-end\n'
}

missing() {
  lacking=$(candidates | xargs -n 1000 "$store" --check-validity --print-invalid) || return 0
  printf '%s\n' "$lacking" | awk '$0 != "" { print "missing\t" $0 }'
  printf 'missing-end\n'
}

{
  kernel_facts booted "$(resolve /run/booted-system)"
  kernel_facts running "$(resolve /run/current-system)"
  if [ -n "$store" ]; then
    missing
    if [ -n "$1" ]; then closure "$1"; fi
  fi
} </dev/null
