import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** Where a host's files are seen from outside: nothing runs on it for that, and it need not answer. */
export interface HostRoot {
  /** Its root: `/proc/<process 1>/root` with /run and all mounts; of a host that is off its disk. */
  readonly root: string;
  /** Its /boot, which outlives its processes. */
  readonly boot: string;
}

/** A supervised job, as its folder tells. */
export interface JobLook {
  /** The last event; undefined: none yet. */
  readonly state: string | undefined;
  /** Told to commit. */
  readonly ordered: boolean;
  readonly verdict: number | undefined;
}

/** How far one deployment has come. */
export interface HostLook {
  readonly locked: boolean;
  readonly protected: boolean;
  readonly arriving: boolean;
  readonly arrived: boolean;
  readonly staged: boolean;
  readonly job: JobLook | undefined;
  readonly asked: boolean;
}

/** What a deployment is recognised by, noted before it begins. */
export interface Expected {
  readonly declared: string;
  /** Jobs and store paths that were there before. */
  readonly jobs: ReadonlySet<string>;
  readonly storePaths: number;
}

const state = "nix/var/pulumi-clan";

/** Written by the health gate of the fleet. */
export const askedFile = "run/chaos/asked";

export function expect({ root }: HostRoot, declared: string): Expected {
  return { declared, jobs: new Set(list(join(root, state, "jobs"))), storePaths: list(join(root, "nix/store")).length };
}

export function lookAtProgress({ root }: HostRoot, { declared, jobs, storePaths }: Expected): HostLook {
  const at = (path: string): string => join(root, path);
  const job = list(at(`${state}/jobs`))
    .filter((name) => !jobs.has(name))
    .toSorted((a, b) => changed(at(`${state}/jobs/${a}`)) - changed(at(`${state}/jobs/${b}`)))
    .at(-1);
  const declaredAt = at(declared.slice(1));
  const arrived = isThere(declaredAt) && !isThere(`${declaredAt}.lock`);
  return {
    locked: isThere(at(`${state}/lock`)),
    protected: link(at("nix/var/nix/gcroots/pulumi-clan/declared")) === declared,
    arriving: list(at("nix/store")).length > storePaths,
    arrived,
    staged: isThere(at(`${state}/secrets/staged/digest`)) || isThere(at(`${state}/secrets/open`)),
    job: job === undefined ? undefined : lookAtJob(at(`${state}/jobs/${job}`)),
    asked: isThere(at(askedFile)),
  };
}

function lookAtJob(folder: string): JobLook {
  const events = text(join(folder, "events")).trimEnd().split("\n");
  const state = /"state":"([a-z-]+)"/.exec(events.at(-1) ?? "")?.[1];
  const status = text(join(folder, "status")).trim();
  return {
    state: state === "rolled-back" || state === "rollback-failed" ? "rolling-back" : state,
    ordered: text(join(folder, "order")).startsWith("acknowledge "),
    verdict: /^\d+$/.test(status) ? Number(status) : undefined,
  };
}

/** Store path that a link inside the host leads to in the end; undefined: nowhere. */
export function toplevelBehind(root: string, path: string): string | undefined {
  const found = follow(root, path);
  return found?.startsWith("/nix/store/") ? found : undefined;
}

/** A path of the host with all its links followed inside the host; undefined: it leads nowhere. */
export function follow(root: string, path: string): string | undefined {
  let rest = path.split("/").filter((part) => part !== "");
  let done = "/";
  for (let links = 0; links < 40; ) {
    const [part, ...others] = rest;
    if (part === undefined) return done;
    const next = resolve(done, part);
    const target = link(join(root, next));
    if (target === undefined) {
      if (!isThere(join(root, next))) return undefined;
      [done, rest] = [next, others];
    } else {
      links++;
      const led = resolve(done, target)
        .split("/")
        .filter((piece) => piece !== "");
      [done, rest] = ["/", [...led, ...others]];
    }
  }
  return undefined;
}

/** A file of the host, links followed inside it; empty: there is none. */
export function readInside(root: string, path: string): string {
  const found = follow(root, path);
  return found === undefined ? "" : text(join(root, found));
}

export function text(path: string): string {
  return orElse(() => readFileSync(path, "utf8"), "");
}

export function list(folder: string): string[] {
  return orElse(() => readdirSync(folder), []);
}

/** A link's target as it is written; undefined: no link. */
function link(path: string): string | undefined {
  return orElse(() => readlinkSync(path), undefined);
}

export function isThere(path: string): boolean {
  return orElse(() => lstatSync(path, { throwIfNoEntry: false }) !== undefined, false);
}

function changed(path: string): number {
  return orElse(() => lstatSync(path).mtimeMs, 0);
}

export function sizeOf(path: string): number {
  return existsSync(path) ? orElse(() => lstatSync(path).size, 0) : 0;
}

/** What is looked at may change or vanish at any moment, the whole host included: then there is nothing to see. */
function orElse<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error) return otherwise;
    throw error;
  }
}

/** `nixos-system-agate-26.05` of a toplevel, or the words for none. */
export function shortName(toplevel: string | undefined): string {
  return toplevel === undefined ? "nothing" : basename(toplevel).replace(/^(.{7}).{25}/, "$1");
}
