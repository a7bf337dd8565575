import { type BootEntry, initOf } from "./boot-entry.ts";

/** What counts in grub.cfg. Source: nixpkgs install-grub.pl; GRUB manual 2.12, "Embedded configuration", "save_env". */
export interface GrubConfig {
  /** Value of `set default=` when no one-time entry is set; null: taken from a variable. */
  readonly default: string | null;
  /**
   * Variable of grubenv that names an entry for the next boot only, and is cleared by it: `next_entry` in newer files,
   * `saved_entry` in older ones. Null: the file knows none, a trial boot is impossible.
   */
  readonly oneTimeVariable: string | null;
  readonly entries: readonly BootEntry[];
}

export function parseGrubConfig(text: string): GrubConfig {
  const lines = text.split("\n").map((line) => line.trim());
  const oneTimeVariable = oneTimeVariableOf(lines);
  const defaults = lines.flatMap((line) => /^set default=(["']?)([^"']*)\1$/.exec(line)?.[2] ?? []);
  const constant = defaults.findLast((value) => !value.includes("$")) ?? null;
  // `default = "saved"` leaves only variables; what they hold is grubenv's matter.
  return { default: constant, oneTimeVariable, entries: entriesOf(lines) };
}

/** The entry that `default` means: a position, or a title. */
export function defaultGrubEntry(config: GrubConfig): BootEntry | undefined {
  const { default: wanted, entries } = config;
  if (wanted === null) return undefined;
  const byPosition = entries.find(({ id }) => id === wanted);
  // The position of a submenu starts its first entry.
  return (
    byPosition ?? entries.find(({ id }) => id.startsWith(`${wanted}>`)) ?? entries.find(({ title }) => title === wanted)
  );
}

/** It must be used as the default, emptied and saved: a variable that stays would make the trial the new default. */
function oneTimeVariableOf(lines: readonly string[]): string | null {
  const used = lines.flatMap((line) => /^set default="?\$\{?(\w+)\}?"?$/.exec(line)?.[1] ?? []);
  return used.find((name) => lines.includes(`set ${name}=`) && lines.includes(`save_env ${name}`)) ?? null;
}

function entriesOf(lines: readonly string[]): readonly BootEntry[] {
  const entries: BootEntry[] = [];
  const blocks: { readonly kind: "submenu" | "entry" | "other"; readonly title: string; count: number }[] = [];
  let path: number[] = [];
  let top = 0;
  for (const line of lines) {
    const opened = /^(menuentry|submenu)\s+(?:"([^"]*)"|'([^']*)')[^{]*\{$/.exec(line);
    const menu = blocks.findLast(({ kind }) => kind === "submenu");
    if (opened !== null) {
      const title = opened[2] ?? opened[3] ?? "";
      const position = menu === undefined ? top++ : menu.count++;
      path = [...path, position];
      const isEntry = opened[1] === "menuentry";
      blocks.push({ kind: isEntry ? "entry" : "submenu", title, count: 0 });
      if (isEntry)
        entries.push({
          id: path.join(">"),
          title,
          init: null,
          linux: null,
          initrds: [],
          ...generationOf(title, menu?.title),
        });
    } else if (line.endsWith("{")) {
      blocks.push({ kind: "other", title: "", count: 0 });
    } else if (line === "}") {
      if (blocks.pop()?.kind !== "other") path = path.slice(0, -1);
    } else if (blocks.at(-1)?.kind === "entry") {
      const entry = entries.pop();
      if (entry !== undefined) entries.push(withLine(entry, line));
    }
  }
  return entries;
}

function withLine(entry: BootEntry, line: string): BootEntry {
  const [word, path, ...parameters] = line.split(/\s+/);
  if (path === undefined) return entry;
  if (word === "linux" || word === "linuxefi") return { ...entry, linux: path, init: initOf(parameters.join(" ")) };
  if (word === "initrd" || word === "initrdefi") return { ...entry, initrds: [path, ...parameters] };
  return entry;
}

function generationOf(title: string, menu: string | undefined): Pick<BootEntry, "profile" | "generation"> {
  const generation = /- Configuration (\d{1,9})\b/.exec(title)?.[1];
  const profile = /Profile '(\w+)'/.exec(`${menu ?? ""} ${title}`)?.[1];
  return {
    profile: profile ?? (generation === undefined ? null : "system"),
    generation: generation === undefined ? null : Number(generation),
  };
}

const envHeader = "# GRUB Environment Block\n";
const envBytes = 1024;

/** Variables of an environment block; undefined: it is none, or broken. Source: GRUB 2.12, grub-core/lib/envblk.c. */
export function parseGrubEnv(text: string): ReadonlyMap<string, string> | undefined {
  if (!text.startsWith(envHeader) || Buffer.byteLength(text) !== envBytes) return undefined;
  const variables = new Map<string, string>();
  for (const line of text.slice(envHeader.length).replace(/#*$/, "").split("\n")) {
    const equals = line.indexOf("=");
    if (line.startsWith("#") || equals <= 0) continue;
    variables.set(line.slice(0, equals), line.slice(equals + 1).replaceAll(/\\(.)/g, "$1"));
  }
  return variables;
}

/** Exactly 1,024 bytes: GRUB writes into the blocks of the file and can neither grow nor shrink it. @returns undefined for too much */
export function renderGrubEnv(variables: ReadonlyMap<string, string>): string | undefined {
  const lines = [...variables].map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`);
  const text = envHeader + lines.join("");
  const room = envBytes - Buffer.byteLength(text);
  return room < 0 ? undefined : text + "#".repeat(room);
}
