import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostSpec } from "./host-spec.ts";
import { mountsBelow } from "./mounts.ts";
import { runCommand } from "./run-command.ts";
import type { HostPaths } from "./sim-state.ts";

/**
 * Mounts the host's disk: a size-bounded tmpfs that takes all writes, over the read-only layers; and /boot apart from it.
 * @param layers - read-only root file systems, the uppermost first.
 */
export async function mountDisk(
  spec: HostSpec,
  paths: HostPaths,
  layers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const mounted = new Set((await mountsBelow(paths.directory)).map(({ target }) => target));
  if (mounted.has(paths.root) && mounted.has(paths.disk) && mounted.has(paths.boot)) return;
  const mount = async (type: string, options: string, source: string, target: string): Promise<void> => {
    await mkdir(target, { recursive: true });
    if (mounted.has(target)) await runCommand("umount", ["--", target], {}, signal);
    await runCommand("mount", ["-t", type, "-o", options, source, target], {}, signal);
  };
  // The rest of an interrupted run, if any, goes from the inside out.
  if (mounted.has(paths.root)) await runCommand("umount", ["--", paths.root], {}, signal);
  mounted.delete(paths.root);
  await mount("tmpfs", `size=${spec.diskBytes},mode=0755`, `${spec.name}-disk`, paths.disk);
  const [upper, work] = [join(paths.disk, "upper"), join(paths.disk, "work")];
  await mkdir(upper);
  await mkdir(work);
  await mount(
    "overlay",
    `lowerdir=${layers.join(":")},upperdir=${upper},workdir=${work}`,
    `${spec.name}-root`,
    paths.root,
  );
  await mount("tmpfs", `size=${spec.bootBytes},mode=0755`, `${spec.name}-boot`, paths.boot);
}
