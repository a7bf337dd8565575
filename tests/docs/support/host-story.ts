import type { DocumentedCommand } from "./documented-commands.ts";

/** The page that the simulated fleet follows from its first command to its last. */
export const followed = "docs/tutorial.md";

/** Commands of other pages, or of the page's sentences, by the one behind which they find what they speak of. */
export const between: Readonly<Record<string, readonly string[]>> = {
  "sed -i 's/ 60\"/ 30\"/' modules/nixos/base/heartbeat.ts": [
    "sed -i 's/ 60\"/ 30\"/' modules/nixos/base/heartbeat.ts && npm run pulumi -- preview",
  ],
  "fleet rollback cinnabar --list": ["fleet rollback cinnabar"],
  "fleet plan cinnabar": [
    "npm run fleet -- doctor",
    "pulumi stack output machines",
    "pulumi cancel",
    "fleet deploy galena",
  ],
};

/** Commands that draw a table on a terminal: how what stands there in the end begins. */
export const drawn: Readonly<Record<string, RegExp>> = {
  "sed -i 's/ 60\"/ 30\"/' modules/nixos/base/heartbeat.ts && npm run pulumi -- preview": /^ +Type +Name/,
};

/** What a store that has the system already, and one that has not, print instead of each other. */
export const byStore = /^ +(?:unknown|packages|size|copy|units): /;

/** The commands of the page in its order, with those between them. @throws where one is in no page. */
export function storyOf(documented: readonly DocumentedCommand[]): DocumentedCommand[] {
  const find = (text: string): DocumentedCommand => {
    const found = documented.find((one) => withoutRemark(one) === text);
    if (found === undefined) throw new Error(`no page has the command ${text}`);
    return found;
  };
  const blocks = documented.filter(
    ({ page, form, isSynopsis }) => page === followed && form === "block" && !isSynopsis,
  );
  const missing = Object.keys(between).filter((text) => !blocks.some((one) => withoutRemark(one) === text));
  if (missing.length > 0) throw new Error(`${followed} has not: ${missing.join("; ")}`);
  return blocks.flatMap((one) => [one, ...(between[withoutRemark(one)] ?? []).map(find)]);
}

/** What is typed: a command of one line without what is said behind it. */
export function withoutRemark({ text }: DocumentedCommand): string {
  return text.replace(/ +#.*/, "");
}

/** What a reader answers to the question that a command asks on a terminal, as an option. */
export function answerTo(command: string): string {
  const asks =
    /^(?:npm run )?(?:pulumi (?:-- )?(?:up|refresh|destroy|cancel)|fleet (?:-- )?(?:deploy|rollback|move|install))\b/;
  return asks.test(command) && !/--(?:list|dry-run|yes)\b/.test(command) ? `${command} --yes` : command;
}
