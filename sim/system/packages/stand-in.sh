# Builder of a package stand-in: $out/bin/<program> and filler that does not compress to nothing.
# From the environment: name version programs fillKiB requires out
mkdir -p "$out/bin" "$out/share/$name"
for program in $programs; do
  case $program in
    sh | bash | zsh | fish | dash) printf '#!/bin/sh\nexec /bin/bash "$@"\n' ;;
    nix | nix-*) printf '#!/bin/sh\nexec /usr/bin/%s "$@"\n' "$program" ;;
    *)
      cat << SCRIPT
#!/bin/sh
# $name $version
case " \$* " in
  *" --version "*) echo "$program $version" ;;
  # Servers stay.
  *" --config "* | *"server "* | *" serve "* | *" daemon "*) exec sleep infinity ;;
  *) echo "$program $version (simulated): \$*" ;;
esac
SCRIPT
      ;;
  esac > "$out/bin/$program"
  chmod +x "$out/bin/$program"
done
printf '%s\n' "$requires" > "$out/share/$name/requires"
# Park and Miller's generator: exact in awk's doubles, so the same bytes on every machine.
seed=$(printf '%s %s' "$name" "$version" | cksum | cut -d ' ' -f 1)
awk -v lines="$((fillKiB * 16))" -v seed="$seed" 'BEGIN {
  x = seed % 2147483646 + 1
  for (line = 0; line < lines; line++) {
    text = ""
    for (word = 0; word < 7; word++) { x = (x * 16807) % 2147483647; text = text sprintf("%08x ", x) }
    print text
  }
}' > "$out/share/$name/content"
