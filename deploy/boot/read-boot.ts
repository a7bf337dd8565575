import { dirname } from "node:path";
import { RemoteCommandError } from "../errors.ts";
import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";
import { type BootEntry, initOf } from "./boot-entry.ts";
import { defaultGrubEntry, parseGrubConfig, parseGrubEnv } from "./grub-files.ts";
import { kernelFactsScript, parseKernelFacts } from "./kernel-facts.ts";
import type { KernelFacts } from "./reboot-need.ts";
import { defaultEntry, parseBootEntry, parseLoaderConf } from "./systemd-boot-files.ts";

/** A host's loader by its own files. */
export interface Loader {
  readonly kind: "systemd-boot" | "grub" | "extlinux" | "none";
  readonly entries: readonly BootEntry[];
  /** What starts without anybody's choice; absent: none, or not to be told from the files. */
  readonly default?: BootEntry;
  /** Set for the next boot only. */
  readonly oneShot?: string;
  /** Why no entry can be started for one boot only. */
  readonly withoutOneShot?: string;
  /** GRUB's: variable for one boot, and all variables of grubenv. */
  readonly grub?: { readonly variable: string | null; readonly environment: ReadonlyMap<string, string> | undefined };
}

export interface BootFacts {
  readonly loader: Loader;
  readonly booted: KernelFacts | undefined;
  readonly running: KernelFacts | undefined;
  readonly profile: KernelFacts | undefined;
  /** Of the toplevel that was asked for. */
  readonly wanted: KernelFacts | undefined;
  /** Store paths of the same systems. */
  readonly paths: Readonly<Partial<Record<"booted" | "running" | "profile", string>>>;
  /** What resets the machine by itself when a kernel hangs; empty: somebody must. */
  readonly resetBy: readonly string[];
  /** Its root lies on an encrypted device: somebody may have to type a passphrase, so nobody reboots it unasked. */
  readonly mayAskPassphrase: boolean;
}

const scripts = [kernelFactsScript, new URL("./scripts/read-boot.sh", import.meta.url)];

/** One round trip. @throws {RemoteCommandError} */
export async function readBoot(shell: RootShell, wanted: string | undefined, signal: AbortSignal): Promise<BootFacts> {
  const options = { deadlineSeconds: 60, maxOutputBytes: 8 * 1024 * 1024 };
  const { code, stdout, stderr } = await shell.exec(
    composeScript("read-boot", scripts, [wanted ?? ""]),
    options,
    signal,
  );
  if (code === 0) return parseBootFacts(stdout);
  throw new RemoteCommandError({
    summary: `${shell.machine}: the host's boot files could not be read`,
    expected: "exit code 0",
    found: `${code ?? "a signal"}: ${stderr.slice(-500)}`,
    at: `${shell.address}:${shell.port}`,
    fix: "look at /boot on the host",
  });
}

type Fields = readonly (readonly string[])[];

/** From the script's lines; touches nothing. Unknown lines are left out. */
export function parseBootFacts(text: string): BootFacts {
  const fields: Fields = text.split("\n").map((line) => line.split("\t"));
  const one = (key: string): string | undefined => fields.find(([name]) => name === key)?.[1] || undefined;
  const paths = Object.fromEntries(
    (["booted", "running", "profile"] as const).flatMap((who) => {
      const path = one(`${who}.path`);
      return path === undefined ? [] : [[who, path] as const];
    }),
  );
  const panic = Number(one("reset.panic") ?? 0);
  const watchdog = fields.find(([name]) => name === "reset.watchdog");
  return {
    loader: loaderOf(fields, one),
    booted: parseKernelFacts("booted", one),
    running: parseKernelFacts("running", one),
    profile: parseKernelFacts("profile", one),
    wanted: parseKernelFacts("wanted", one),
    paths,
    resetBy: [
      ...(panic === 0 ? [] : [`the kernel, ${Math.abs(panic)} s after a panic (not when it hangs)`]),
      ...(watchdog === undefined ? [] : [`the watchdog ${watchdog[1] || "watchdog0"}`]),
    ],
    mayAskPassphrase: one("root.encrypted") === "yes",
  };
}

function loaderOf(fields: Fields, one: (key: string) => string | undefined): Loader {
  const file = (key: string): string | undefined => decoded(fields.find(([name]) => name === key)?.[2]);
  const conf = file("loader.conf");
  if (conf !== undefined) return systemdBoot(fields, conf, one);
  const grub = file("grub.cfg");
  if (grub !== undefined) return grubLoader(grub, file("grubenv"), one("grub.device"));
  const extlinux = file("extlinux.conf");
  if (extlinux === undefined) return { kind: "none", entries: [], withoutOneShot: "the host has no loader of its own" };
  return {
    kind: "extlinux",
    ...extlinuxEntries(extlinux),
    withoutOneShot: "extlinux starts no entry for one boot only",
  };
}

function systemdBoot(fields: Fields, conf: string, one: (key: string) => string | undefined): Loader {
  const entries = fields.flatMap(([key, path, content]): BootEntry[] => {
    if (path === undefined) return [];
    const name = path.slice(dirname(path).length + 1);
    // A unified image: its command line is inside, and only its name tells what it is.
    if (key === "image") return [{ ...parseBootEntry(name, ""), title: name }];
    return key === "entry" ? [parseBootEntry(name, decoded(content) ?? "")] : [];
  });
  const found = defaultEntry(parseLoaderConf(conf), entries);
  const oneShot = one("oneshot");
  return {
    kind: "systemd-boot",
    entries,
    ...(found === undefined ? {} : { default: found }),
    ...(oneShot === undefined ? {} : { oneShot }),
    ...(one("bootctl") === "yes" ? {} : { withoutOneShot: "the host has no bootctl" }),
  };
}

function grubLoader(text: string, environment: string | undefined, device: string | undefined): Loader {
  const config = parseGrubConfig(text);
  const variables = environment === undefined ? new Map<string, string>() : parseGrubEnv(environment);
  const found = defaultGrubEntry(config);
  const variable = config.oneTimeVariable;
  const oneShot = variable === null ? undefined : variables?.get(variable) || undefined;
  const withoutOneShot = reasonAgainstGrub(variable, variables !== undefined, device);
  return {
    kind: "grub",
    entries: config.entries,
    grub: { variable, environment: variables },
    ...(found === undefined ? {} : { default: found }),
    ...(oneShot === undefined ? {} : { oneShot }),
    ...(withoutOneShot === undefined ? {} : { withoutOneShot }),
  };
}

/** GRUB must be able to write grubenv, or the one boot becomes every boot. Source: GRUB manual 2.12, "Environment block". */
function reasonAgainstGrub(variable: string | null, isBlock: boolean, device = ""): string | undefined {
  if (variable === null) return "grub.cfg knows no entry for one boot only";
  if (!isBlock) return "/boot/grub/grubenv is no environment block";
  const [source = "", type = ""] = device.split(" ");
  if (["zfs", "btrfs", "bcachefs", "f2fs"].includes(type))
    return `GRUB cannot write to ${type}, it would start the entry for ever`;
  if (/^\/dev\/(?:mapper\/|dm-|md)/.test(source))
    return `GRUB cannot write to ${source}, it would start the entry for ever`;
  return undefined;
}

/** Source: syslinux, doc/syslinux.txt; nixpkgs extlinux-conf-builder.sh. */
function extlinuxEntries(text: string): Pick<Loader, "entries" | "default"> {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const entries: BootEntry[] = [];
  for (const [word = "", ...rest] of lines) {
    const keyword = word.toUpperCase();
    const last = entries.at(-1);
    if (keyword === "LABEL") {
      const id = rest.join(" ");
      const generation = /^nixos-(\d{1,9})-/.exec(id)?.[1];
      entries.push({
        id,
        title: id,
        init: null,
        linux: null,
        initrds: [],
        profile: "system",
        generation: generation === undefined ? null : Number(generation),
      });
    } else if (last !== undefined) {
      if (keyword === "LINUX") entries.splice(-1, 1, { ...last, linux: rest.join(" ") });
      if (keyword === "INITRD") entries.splice(-1, 1, { ...last, initrds: rest });
      if (keyword === "APPEND") entries.splice(-1, 1, { ...last, init: initOf(rest.join(" ")) });
    }
  }
  const wanted = lines
    .find(([word]) => word?.toUpperCase() === "DEFAULT")
    ?.slice(1)
    .join(" ");
  const found = entries.find(({ id }) => id === wanted);
  return found === undefined ? { entries } : { entries, default: found };
}

function decoded(content: string | undefined): string | undefined {
  return content === undefined ? undefined : Buffer.from(content, "base64").toString("utf8");
}
