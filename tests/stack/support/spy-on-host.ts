import type { DeployedHost } from "../../deploy/support/deployed-host.ts";

/** Arguments and environments of every process of a host, again and again; in its file /run/seen once what this gives has run. */
export async function spyOnHost(host: DeployedHost): Promise<() => Promise<void>> {
  const there = host.ask(
    `touch /run/spying; while [ -e /run/spying ]; do
       for p in /proc/[0-9]*; do cat "$p/cmdline" "$p/environ" 2>/dev/null; done; echo; done | tr '\\0' ' ' >/run/seen; true`,
  );
  await host.ask("until [ -s /run/seen ]; do sleep 0.05; done");
  return async () => {
    await host.ask("rm /run/spying; journalctl --no-pager >/run/seen.journal");
    await there;
  };
}
