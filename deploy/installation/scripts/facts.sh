# What a machine is before it is installed, a line each: `key<TAB>value`. $@: the devices that are to be wiped.
# Links below /dev lead up and down, which `resolve` does not follow; only a Linux comes into question here.
real() { readlink -f "$1" 2>/dev/null || true; }
say() { printf '%s\t%s\n' "$1" "$2"; }
release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | head -n 1 | tr -d '"'; }
size_of() {
  sectors=$(cat "/sys/class/block/${1##*/}/size" 2>/dev/null || true)
  if [ -n "$sectors" ]; then echo "$((sectors * 512))"; fi
}

# What lies on a disk, as lsblk sees it without mounting anything; one that an older lsblk cannot tell is left out. A file
# system that somebody mounted is looked into: an installed NixOS has this file and this link, a Nix on another Linux neither.
what_holds() {
  lsblk -nPpb -o NAME,TYPE,SIZE,FSTYPE,LABEL,PARTLABEL,MOUNTPOINT "$1" 2>/dev/null | head -n 50 | while read -r line; do
    case $line in *' TYPE="disk" '*' FSTYPE="" '*) continue ;; esac
    holds=
    mounted=$(printf '%s' "$line" | sed -n 's/^.* MOUNTPOINT="\(\/[^"\\]\{1,\}\)".*$/\1/p')
    if [ -n "$mounted" ] && { [ -e "$mounted/etc/NIXOS" ] || [ -L "$mounted/nix/var/nix/profiles/system" ]; }; then holds=nixos; fi
    say part "$1 $line HOLDS=\"$holds\""
  done
}

{
  say id "$(release ID)"
  say id-like "$(release ID_LIKE)"
  say variant "$(release VARIANT_ID)"
  say name "$(release PRETTY_NAME)"
  if [ -e /etc/NIXOS ]; then say nixos yes; fi
  say kernel "$(uname -s)"
  say arch "$(uname -m)"
  say uid "$(id -u)"
  say boot-id "$(boot_id)"
  say machine-id "$(cat /etc/machine-id 2>/dev/null)"
  say current "$(resolve /run/current-system)"
  say memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null)"

  # Four bytes of attributes, then the value. Source: Linux, Documentation/filesystems/efivarfs.rst.
  secure=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  if [ -r "$secure" ]; then say secure-boot "$(od -An -tu1 -j4 -N1 "$secure" | tr -d ' ')"; fi

  # Where the kexec installer looks for keys that it carries over. Source: nixos-images, nix/kexec-installer/kexec-run.sh.
  login=${SUDO_USER:-$(id -un)}
  home=$(getent passwd "$login" 2>/dev/null | cut -d: -f6)
  say keys "$(cat /root/.ssh/authorized_keys /root/.ssh/authorized_keys2 "$home/.ssh/authorized_keys" /etc/ssh/authorized_keys.d/* 2>/dev/null | grep -c '^[^#]*\(ssh-\|ecdsa-\|sk-\)')"
  if grep -qs google_authorized_keys /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*; then say os-login yes; fi

  for device in "$@"; do
    target=$(real "$device")
    if [ -b "$target" ]; then
      say device "$device $target $(size_of "$target")"
      what_holds "$target"
    else
      say device "$device - "
    fi
  done
  for disk in /dev/sd? /dev/sd?? /dev/vd? /dev/xvd? /dev/nvme?n? /dev/nvme??n? /dev/mmcblk?; do
    [ -b "$disk" ] || continue
    case $disk in /dev/sd?[0-9]) continue ;; esac
    names=
    for link in /dev/disk/by-id/*; do
      if [ "$(real "$link")" = "$disk" ]; then names="$names $link"; fi
    done
    say disk "$disk $(size_of "$disk")$names"
  done

  # Its session's end does not end what nixos-anywhere started: two disko scripts at a time leave neither's disk.
  for file in $(grep -alE '/nix/store/[^/]*-disko|[n]ixos-install' /proc/[0-9]*/cmdline 2>/dev/null); do
    work=$(tr '\000\n\t' '   ' <"$file" 2>/dev/null | head -c 200)
    if [ -n "$work" ]; then say working "$(basename "${file%/cmdline}") $work"; fi
  done

  say note "$(cat /run/pulumi-clan-installation 2>/dev/null)"
  say served "$(cat "$state/installation.json" 2>/dev/null)"
  say end yes
} </dev/null
