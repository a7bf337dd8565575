# What a system brings to a boot, a line each: `<who>.<part><TAB>value`.
emit() { printf '%s\t%s\n' "$1" "$(printf '%s' "$2" | tr -d '\000-\037\177' | head -c 8192)"; }

# $1 who, $2 a system.
kernel_facts() {
  if [ -z "$2" ]; then return; fi
  emit "$1.path" "$2"
  for part in kernel initrd kernel-modules; do emit "$1.$part" "$(resolve "$2/$part")"; done
  for part in kernel-params init-interface-version switch-inhibitors; do
    if [ -f "$2/$part" ]; then emit "$1.$part" "$(cat "$2/$part")"; fi
  done
}
