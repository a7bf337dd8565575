# Shows that the keys that this host will have open every sops file that a system brings. Recipients stand in clear in a sops
# file, so nothing is decrypted and no tool is needed. Exit 0: they do; 1: a last line on stderr names the first that
# stays shut. $1 the system; $2 where its key file will lie; then recipients, `key:<age1…>` of that file, `host:<age1…>` of
# the host's SSH key. Source: sops-nix, modules/sops/manifest-for.nix, modules/sops/default.nix.
system=$1
key_path=$2
shift 2

# The folder of units is a link on NixOS; what is not there is no complaint.
manifests() {
  grep -hos '/nix/store/[0-9a-z]\{32\}-manifest[a-z-]*\.json' \
    "$system/activate" "$system"/etc/systemd/system/sops-install-secrets*.service | sort -u
}

# $1 manifest: values of the field $2.
values() { grep -o "\"$2\":\"[^\"]*\"" "$1" | cut -d '"' -f 4; }

names_any() {
  for recipient in "$@"; do
    if grep -qF -e "$recipient" "$file"; then return 0; fi
  done
  return 1
}

# Recipients of one kind from the script's own arguments.
of_kind() {
  kind=$1
  shift
  for given in "$@"; do
    case $given in "$kind":*) printf '%s\n' "${given#*:}" ;; esac
  done
}

# $1 manifest; $file. PGP and cloud keys carry a time, age recipients none: whether the host has those is not known here.
opens() {
  manifest=$1
  shift
  if grep -q created_at "$file"; then return 0; fi
  key_file=$(values "$manifest" ageKeyFile)
  # A key file of the owner's own: it may hold anything.
  if [ -n "$key_file" ] && [ "$key_file" != "$key_path" ] && [ -s "$key_file" ]; then return 0; fi
  # shellcheck disable=SC2046 # recipients have no white space
  if [ "$key_file" = "$key_path" ] && names_any $(of_kind key "$@"); then return 0; fi
  # shellcheck disable=SC2046
  if grep -q '"ageSshKeyPaths":\["' "$manifest" && names_any $(of_kind host "$@"); then return 0; fi
  return 1
}

count=0
for manifest in $(manifests); do
  if [ ! -r "$manifest" ]; then
    echo "$manifest is not on this host" >&2
    exit 1
  fi
  for file in $(values "$manifest" sopsFile | sort -u); do
    count=$((count + 1))
    if [ ! -r "$file" ]; then
      echo "$file is not on this host" >&2
      exit 1
    fi
    if opens "$manifest" "$@"; then continue; fi
    echo "$file is encrypted to $(grep -o 'age1[0-9a-z]\{50,\}' "$file" | sort -u | tr '\n' ' ')and not to a key of this host ($(printf '%s ' "$@" | sed 's/key://g; s/host://g; s/ $//'))" >&2
    exit 1
  done
done
echo "$count sops files"
