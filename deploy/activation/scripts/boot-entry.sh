# What the host boots by default; kind `unverified`: a loader that decides at boot, which nothing can vouch for. Sets boot_kind, boot_root, boot_entry, boot_init, boot_linux, boot_initrd.
# Source: Boot Loader Specification; nixpkgs systemd-boot-builder.py and install-grub.pl as of 2026.
read_boot_default() {
  boot_kind=none boot_root='' boot_entry='' boot_init='' boot_linux='' boot_initrd=''
  for boot_root in /boot /efi /boot/efi; do
    if [ -f "$boot_root/loader/loader.conf" ]; then
      boot_kind=systemd-boot
      read_systemd_boot
      return
    fi
  done
  boot_root=/boot
  if [ -f /boot/grub/grub.cfg ]; then
    boot_kind=grub
    # The other one, next_entry, is for one boot. Source: install-grub.pl.
    case $(sed -n 's/^[[:space:]]*set default=//p' /boot/grub/grub.cfg | grep -v next_entry | tail -n 1 | tr -d '"') in
      '' | 0) ;;
      *)
        boot_kind=unverified
        return
        ;;
    esac
    boot_init=$(sed -n 's|.*[[:space:]]init=\([^[:space:]"]*\).*|\1|p' /boot/grub/grub.cfg | head -n 1)
  elif [ -f /boot/extlinux/extlinux.conf ]; then
    boot_kind=extlinux
    boot_init=$(sed -n 's|.*[[:space:]]init=\([^[:space:]"]*\).*|\1|p' /boot/extlinux/extlinux.conf | head -n 1)
  else
    boot_root=''
  fi
}

read_systemd_boot() {
  boot_entry=$(sed -n 's/^default[[:space:]]\{1,\}//p' "$boot_root/loader/loader.conf" | tail -n 1)
  case $boot_entry in
    '') return ;; # what systemd-boot's builder leaves when it found no generation
    # A pattern, @saved, or a unified image, which has no text to read: lanzaboote's.
    *[!A-Za-z0-9._+-]* | *.efi)
      boot_kind=unverified
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

# The files that the default entry names are there and not empty.
boot_files_present() {
  for named in "$boot_linux" "$boot_initrd"; do
    if [ -n "$named" ] && [ ! -s "$boot_root$named" ]; then return 1; fi
  done
}
