import type { SimHost } from "../hosts/simulated-host.ts";
import { objectAt, type Properties, textAt } from "./property-values.ts";

/** Where the host's `curl` leaves what the metadata server would keep. */
const attributes = "/run/google/guest-attributes";

/**
 * What makes a Debian one of Google's, at every boot: an image that denies root's login, an agent that brings the keys of
 * the VM's metadata, and the startup script, with a `curl` that knows the metadata server. A NixOS has none of it.
 * Source: Compute Engine documentation, "Guest environment", "Add SSH keys to VMs", "Use startup scripts on Linux VMs".
 */
export async function runGuestAgent(host: SimHost, inputs: Properties, signal: AbortSignal): Promise<void> {
  const isForeign = await host.exec("[ ! -e /run/current-system ] && [ ! -e /simulated-disk ]", signal);
  if (isForeign.exitCode !== 0) return;
  const metadata = objectAt(inputs, "metadata");
  await run(host, denyRoot, "", signal);
  const keys = (textAt(metadata, "ssh-keys") ?? "").split("\n").filter((line) => line.startsWith("root:"));
  await run(host, bringKeys, keys.map((line) => `${line.slice("root:".length)}\n`).join(""), signal);
  const script = textAt(metadata, "startup-script");
  if (script !== undefined) await run(host, runScript, script, signal);
}

/** What the VM's own system put under a path; undefined: nothing. */
export async function guestAttribute(host: SimHost, path: string, signal: AbortSignal): Promise<string | undefined> {
  const { stdout, exitCode } = await host.exec(`cat ${attributes}/'${path.replaceAll("'", "")}'`, signal);
  return exitCode === 0 ? stdout : undefined;
}

// The first value of a keyword counts, and files are read in their names' order: a script's 00- comes before the image's.
const denyRoot = `
printf 'PermitRootLogin no\\n' > /etc/ssh/sshd_config.d/05-image.conf
systemctl reload ssh`;

const bringKeys = `
install -d -m 700 /root/.ssh
cat > /root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys`;

const runScript = `
install -d /run/google/bin
cat > /run/google/startup-script
cat > /run/google/bin/curl <<'CURL'
#!/bin/sh
# PUT of a guest attribute to the metadata server, and nothing else.
while [ $# -gt 1 ]; do
  case $1 in --data) data=$2 && shift ;; --request) method=$2 && shift ;; --header) header=$2 && shift ;; esac
  shift
done
path=\${1#http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/}
[ "$path" != "$1" ] && [ "$method" = PUT ] && [ "$header" = 'Metadata-Flavor: Google' ] || exit 22
mkdir -p "${attributes}/$(dirname "$path")"
printf '%s' "$data" > "${attributes}/$path"
CURL
chmod 755 /run/google/bin/curl /run/google/startup-script
PATH=/run/google/bin:$PATH /run/google/startup-script`;

async function run(host: SimHost, script: string, stdin: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await host.exec(`set -e${script}`, signal, { stdin });
  if (exitCode !== 0) throw new Error(`${host.name}: the guest agent ended with ${exitCode}: ${stderr}`);
}
