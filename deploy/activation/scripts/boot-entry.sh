# What the host boots by default; kind `unverified`: a loader that decides at boot, which nothing can vouch for. Sets boot_kind, boot_root, boot_entry, boot_init, boot_linux, boot_initrd.
# $1 the loader of the system that boots, where it is known: another one's files may be left from before.
# Source: Boot Loader Specification; nixpkgs systemd-boot-builder.py and install-grub.pl, lanzaboote's lzbt as of 2026.
read_boot_default() {
  boot_kind=none boot_root='' boot_entry='' boot_init='' boot_linux='' boot_initrd=''
  if [ "${1-}" = grub ] && [ -f /boot/grub/grub.cfg ]; then
    read_grub
    return
  fi
  if [ "${1-}" = extlinux ] && [ -f /boot/extlinux/extlinux.conf ]; then
    read_extlinux
    return
  fi
  for folder in /boot /efi /boot/efi; do
    if [ -f "$folder/loader/loader.conf" ]; then
      boot_root=$folder
      read_systemd_boot
      return
    fi
  done
  if [ -f /boot/grub/grub.cfg ]; then
    read_grub
  elif [ -f /boot/extlinux/extlinux.conf ]; then
    read_extlinux
  fi
}

# $1 a system. Prints the loader that its own installer writes for: systemd-boot, grub, extlinux or lanzaboote; nothing where its name does not tell.
# The installer stands in the wrapper of switch-to-configuration. Source: nixpkgs, switchable-system.nix and the loaders' modules.
loader_of() {
  if grep -q '"org.nix-community.lanzaboote"' "$1/boot.json" 2>/dev/null; then
    echo lanzaboote
    return
  fi
  installer=$(head -c 1000000 "$1/bin/switch-to-configuration" 2>/dev/null | tr '\000' ' ' |
    grep -aoE 'INSTALL_BOOTLOADER[^/]{1,9}/nix/store/[a-z0-9]{32}-[A-Za-z0-9+._?=-]+' | head -n 1)
  case $installer in
    *-install-systemd-boot.sh) echo systemd-boot ;;
    *-install-grub.sh) echo grub ;;
    *-install-extlinux-conf.sh | *-extlinux-conf-builder.sh) echo extlinux ;;
    *-bootinstall) echo lanzaboote ;;
  esac
}

# $1 a file: the first init= in it.
first_init() { sed -n 's|.*[[:space:]]init=\([^[:space:]"]*\).*|\1|p' "$1" | head -n 1; }

read_grub() {
  boot_root=/boot
  # The other one, next_entry, is for one boot. Source: install-grub.pl.
  case $(sed -n 's/^[[:space:]]*set default=//p' /boot/grub/grub.cfg | grep -v next_entry | tail -n 1 | tr -d '"') in
    '' | 0)
      boot_kind=grub
      boot_init=$(first_init /boot/grub/grub.cfg)
      ;;
    *) boot_kind=unverified ;;
  esac
}

read_extlinux() {
  boot_root=/boot
  boot_kind=extlinux
  boot_init=$(first_init /boot/extlinux/extlinux.conf)
}

read_systemd_boot() {
  boot_kind=systemd-boot
  boot_entry=$(sed -n 's/^default[[:space:]]\{1,\}//p' "$boot_root/loader/loader.conf" | tail -n 1)
  case $boot_entry in
    *[!A-Za-z0-9._+*-]*) # another pattern, @saved
      boot_kind=unverified
      return
      ;;
    '' | 'nixos-*') # nothing: also what systemd-boot's builder leaves when it found no generation
      image=$(newest_image)
      if [ -n "$image" ]; then
        read_image "$image"
      elif [ -n "$boot_entry" ]; then
        boot_kind=unverified
      fi
      return
      ;;
    *'*'*)
      boot_kind=unverified
      return
      ;;
    *.efi)
      read_image "$boot_root/EFI/Linux/$boot_entry"
      return
      ;;
    *.conf) ;;
    *) boot_entry=$boot_entry.conf ;;
  esac
  file=$boot_root/loader/entries/$boot_entry
  if [ ! -f "$file" ]; then return; fi
  boot_init=$(sed -n 's|^options[[:space:]].*init=\([^[:space:]]*\).*|\1|p; s|^options[[:space:]]*init=\([^[:space:]]*\).*|\1|p' "$file" | head -n 1)
  boot_linux=$(sed -n 's/^linux[[:space:]]\{1,\}//p' "$file" | head -n 1)
  boot_initrd=$(sed -n 's/^initrd[[:space:]]\{1,\}//p' "$file" | head -n 1)
}

# Prints the unified image that systemd-boot prefers among those of generations: the highest one's. Nothing beside text entries
# of NixOS, whose order with images is the firmware's sort keys' matter.
newest_image() {
  for text_entry in "$boot_root"/loader/entries/nixos-*.conf; do
    if [ -f "$text_entry" ]; then return; fi
  done
  for image in "$boot_root"/EFI/Linux/nixos-generation-*.efi; do
    name=${image##*/nixos-generation-}
    case $name in *specialisation*) continue ;; esac
    if [ -f "$image" ]; then printf '%s %s\n' "${name%%[!0-9]*}" "$image"; fi
  done | sort -n | tail -n 1 | sed 's/^[0-9]* //'
}

# $1 a unified image. Its command line lies in it as text, before kernel and initrd or, lanzaboote's, in place of them.
read_image() {
  boot_entry=${1##*/}
  boot_init=$(head -c 4000000 "$1" 2>/dev/null | tr '\000' '\n' | grep -aoE 'init=/nix/store/[A-Za-z0-9+._?=/-]+' | head -n 1)
  boot_init=${boot_init#init=}
  if [ -n "$boot_init" ]; then boot_kind=lanzaboote; else boot_kind=unverified; fi
}

# The files that the default entry names are there and not empty.
boot_files_present() {
  for named in "$boot_linux" "$boot_initrd"; do
    if [ -n "$named" ] && [ ! -s "$boot_root$named" ]; then return 1; fi
  done
}
