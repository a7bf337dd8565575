import type { StorePath } from "../../../local-nix/store-path.ts";
import type { DeployedHost } from "./deployed-host.ts";

/** A path of a host's store that nobody can add. */
export interface HeldPath extends AsyncDisposable {
  release(): Promise<void>;
  /** Waits until the host has other paths. */
  areThere(paths: readonly string[]): Promise<void>;
}

/** Nix' own lock on a path, as a builder has it: no clock decides how far a push is when something happens to it. */
export async function holdPath(host: DeployedHost, path: StorePath): Promise<HeldPath> {
  const [held, free] = [`/run/held-${path.slice(11, 43)}`, `/run/free-${path.slice(11, 43)}`];
  await host.ask(`rm -f ${held} ${free}`);
  const script = `touch ${held}; until [ -e ${free} ]; do sleep 0.05; done`;
  const holder = host.ask(`flock ${path}.lock sh -c '${script}'`);
  await host.ask(`until [ -e ${held} ]; do sleep 0.05; done`);
  const release = async (): Promise<void> => {
    await host.ask(`touch ${free}`);
    await holder;
  };
  return {
    release,
    areThere: async (paths) => {
      await host.ask(`until nix-store --check-validity ${paths.join(" ")} 2>/dev/null; do sleep 0.05; done`);
    },
    [Symbol.asyncDispose]: release,
  };
}
