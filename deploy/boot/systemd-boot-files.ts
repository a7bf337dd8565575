import { type BootEntry, initOf } from "./boot-entry.ts";

/** What counts in loader.conf. Source: loader.conf(5). */
export interface LoaderConf {
  /** An entry's name, a pattern, `@saved`; null: not set. */
  readonly default: string | null;
  readonly timeout: string | null;
}

/** Lines `keyword value`; the last one of a keyword counts. */
export function parseLoaderConf(text: string): LoaderConf {
  const values = new Map(keywords(text));
  return { default: values.get("default") || null, timeout: values.get("timeout") || null };
}

/** An entry of the Boot Loader Specification, type 1. Source: systemd, docs/BOOT_LOADER_SPECIFICATION.md; names: nixpkgs systemd-boot-builder.py. */
export function parseBootEntry(file: string, text: string): BootEntry {
  const lines = keywords(text);
  const all = (key: string): string[] => lines.filter(([keyword]) => keyword === key).map(([, value]) => value);
  return {
    id: file,
    title: all("title").at(-1) ?? file,
    init: initOf(all("options").join(" ")),
    linux: all("linux").at(-1) ?? null,
    initrds: all("initrd"),
    ...generationOf(file),
  };
}

/** The entry that is started without anybody's choice; undefined: none, or a pattern that could mean several. */
export function defaultEntry(conf: LoaderConf, entries: readonly BootEntry[]): BootEntry | undefined {
  const name = conf.default;
  if (name === null || /^@|[*?[\]]/.test(name)) return undefined;
  // Older loaders left the ending off; boot counting puts tries before it.
  const bare = withoutTries(name.replace(/\.(?:conf|efi)$/, ""));
  return (
    entries.find(({ id }) => id === name) ??
    entries.find(({ id }) => withoutTries(id.replace(/\.(?:conf|efi)$/, "")) === bare)
  );
}

function withoutTries(name: string): string {
  return name.replace(/\+\d+(?:-\d+)?$/, "");
}

function generationOf(file: string): Pick<BootEntry, "profile" | "generation"> {
  const groups = /^nixos-(?:(?<profile>\w+)-)?generation-(?<generation>\d{1,9})(?![0-9])/.exec(file)?.groups;
  if (groups === undefined) return { profile: null, generation: null };
  return { profile: groups["profile"] ?? "system", generation: Number(groups["generation"]) };
}

function keywords(text: string): readonly (readonly [string, string])[] {
  return text.split("\n").flatMap((line) => {
    const [, keyword, value] = /^\s*([a-z-]+)\s+(.*?)\s*$/.exec(line) ?? [];
    return keyword === undefined || value === undefined ? [] : [[keyword, value] as const];
  });
}
