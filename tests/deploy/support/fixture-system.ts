import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";

/** A toplevel that does what a test says: the files of a NixOS or nix-darwin system that a deployment meets. */
export interface FixtureSystem {
  /** Part of the path's name; another name is another system. */
  readonly name: string;
  readonly class: "nixos" | "darwin";
  /** Units that it starts: name without `.service` → command of ExecStart (oneshot, stays active). */
  readonly units?: Readonly<Record<string, string>>;
  /** Shell lines at the beginning of `test` (`activate` on darwin), before anything changes. */
  readonly beforeActivation?: string;
  /** Shell lines between setting /run/current-system and starting units. */
  readonly afterActivation?: string;
  /** Shell lines at the beginning of `boot`. */
  readonly beforeBoot?: string;
  /** No kernel and no boot entries. */
  readonly container?: boolean;
  /** Whose installer stands in the wrapper of switch-to-configuration. */
  readonly loader?: "systemd-boot" | "grub";
  /** Files that it lacks. */
  readonly omit?: readonly string[];
  /** Other files, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Puts the system into the operator's store. The same description gives the same path. */
export async function addFixtureSystem(system: FixtureSystem, signal: AbortSignal): Promise<StorePath> {
  const folder = await mkdtemp(join(tmpdir(), "fixture-system-"));
  try {
    for (const [path, text] of Object.entries(filesOf(system))) {
      if (system.omit?.includes(path)) continue;
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      if (text.startsWith("#!")) await chmod(file, 0o755);
    }
    const name = `${system.class}-system-${system.name}`;
    return parseStorePath((await runNix(["store", "add", "--name", name, folder], { signal })).trim());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function filesOf(system: FixtureSystem): Readonly<Record<string, string>> {
  const units = Object.entries(system.units ?? {}).map(([name, command]) => [
    `units/${name}.service`,
    `[Unit]\nDescription=${name}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${command}\n`,
  ]);
  const boot = system.container ? {} : { "boot.json": "{}", kernel: `kernel of ${system.name}\n`, initrd: "initrd\n" };
  const nixos = {
    "nixos-version": "26.05.fixture",
    // Process 1 of a boot, as sim/system's: activates, and hands over.
    init: '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n"$here/activate"\nln -sfn "$here" /run/booted-system\nexec /lib/systemd/systemd "$@"\n',
    ...boot,
    ...Object.fromEntries(units),
    activate: '#!/bin/sh\nln -sfn "$(dirname "$(readlink -f "$0")")" /run/current-system\n',
    "bin/switch-to-configuration": switchToConfiguration(system),
  };
  const darwin = { "darwin-version": "26.05.fixture", activate: darwinActivate(system) };
  return { ...(system.class === "nixos" ? nixos : darwin), ...system.files };
}

// In the order of switch-to-configuration-ng: activate sets /run/current-system, then units; `boot` writes entries from profiles only.
function switchToConfiguration(system: FixtureSystem): string {
  return `#!/bin/bash
${system.loader === undefined ? "" : `export INSTALL_BOOTLOADER='/nix/store/${"0".repeat(32)}-install-${system.loader}.sh'`}
here=$(dirname "$(dirname "$(readlink -f "$0")")")
action=$1
mkdir -p /run/nixos
exec 9>/run/nixos/switch-to-configuration.lock
flock -n 9 || { echo "Could not acquire lock" >&2; exit 11; }
echo "$action $here" >>/var/log/fixture-calls
case $action in
boot)
${system.beforeBoot ?? ":"}
  mkdir -p /boot/loader/entries /boot/EFI/nixos
  rm -f /boot/loader/entries/nixos-generation-*.conf
  for link in /nix/var/nix/profiles/system-*-link; do
    number=\${link##*/system-}; number=\${number%-link}
    top=$(readlink "$link")
    for part in kernel initrd; do
      if [ -e "$top/$part" ]; then cp "$top/$part" "/boot/EFI/nixos/$(basename "$top")-$part.efi" || exit 1; fi
    done
    { echo "title NixOS"; echo "version Generation $number"
      if [ -e "$top/kernel" ]; then echo "linux /EFI/nixos/$(basename "$top")-kernel.efi"; echo "initrd /EFI/nixos/$(basename "$top")-initrd.efi"; fi
      echo "options init=$top/init"; } >"/boot/loader/entries/nixos-generation-$number.conf"
    if [ "$top" = "$here" ]; then printf 'timeout 5\\ndefault nixos-generation-%s.conf\\n' "$number" >/boot/loader/loader.conf; fi
  done
  exit 0 ;;
test)
${system.beforeActivation ?? ":"}
  echo "activating the configuration..."
  "$here/activate" || exit 2
${system.afterActivation ?? ":"}
  systemctl reset-failed
  failed=0
  for unit in "$here"/units/*.service; do
    [ -e "$unit" ] || continue
    cp "$unit" /run/systemd/system/
  done
  systemctl daemon-reload
  for unit in "$here"/units/*.service; do
    [ -e "$unit" ] || continue
    systemctl restart "$(basename "$unit")" || failed=4
  done
  [ "$failed" = 0 ] || echo "warning: the following units failed" >&2
  exit "$failed" ;;
*) echo "unknown action $action" >&2; exit 1 ;;
esac
`;
}

function darwinActivate(system: FixtureSystem): string {
  return `#!/bin/bash
set -e
here=$(dirname "$(readlink -f "$0")")
echo "activate $here" >>/var/log/fixture-calls
${system.beforeActivation ?? ":"}
echo "setting up launchd services..."
ln -sfn "$here" /run/current-system
`;
}
