/** Placeholder for one argument, as pages write it: `M`, `STACK`, `FILE.nix`, `CLASS/ENTRY`, `NAME=VALUE`. */
export function isPlaceholder(word: string): boolean {
  return /^[A-Z][A-Z_/]*(\.\w+)?(=[A-Z]+)?$/.test(word);
}

/** Whether a command is shown by its form (`[--json]`, `M…`, `text|json`, `<machine>`), and cannot be run as it stands. */
export function isSynopsis(command: string): boolean {
  if (/<<-?\s*['"]?\w/.test(command)) return false; // a here-document's end is no placeholder
  const text = command.replaceAll(/'[^']*'|"[^"]*"/g, "").replace(/\s#.*$/, "");
  return /(^|[\s[])\[[\w-]|…(\s|\]|$)|\w\|\w|<[\w-]+>/.test(text) || text.split(/\s+/).slice(1).some(isPlaceholder);
}

/**
 * What a synopsis stands for: all that is optional is there, and every alternative stands in one of the commands.
 * @returns one command for each of the alternatives of the word that has most of them.
 */
export function expandSynopsis(text: string): string[] {
  const words = text
    .replaceAll(/<([\w-]+)>/g, (_, name: string) => name.toUpperCase().replaceAll("-", "_"))
    .replaceAll(/(?<=^|[\s[])\[(?=\S)/g, "")
    .replaceAll(/\]+(…?)(?=\s|$)/g, "$1")
    .split(/\s+/)
    .map((word) => word.replace(/^(.+?),?…$/, "$1"))
    .filter((word) => word !== "…")
    .map((word) => (/^[\w/-]+(\|[\w/-]+)+$/.test(word) ? word.split("|") : [word]));
  const count = Math.max(...words.map((alternatives) => alternatives.length));
  return Array.from({ length: count }, (_, index) =>
    words.map((alternatives) => alternatives[Math.min(index, alternatives.length - 1)]).join(" "),
  );
}
