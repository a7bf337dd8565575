import { VarsMissingError } from "./errors.ts";

/** A var that Nix stopped at because it was never generated. */
export interface MissingVar {
  /** Whose it is: it is generated for this machine. */
  readonly machine: string;
  /** `per-machine/galena/zerotier/zerotier-ip` or `shared/…`; null: Nix does not say which. */
  readonly name: string | null;
}

const part = String.raw`([^/\s'"\x60]+)`;
const place = `(?:per-machine/${part}|shared)/${part}`;
/** A file of the clan's folder that is read as it stands. Source: nix 2.34, `readFile`; before 2.20 in the words of the system. */
const file = new RegExp(
  String.raw`\bvars/${place}/${part}/value\b[\s\S]*(?:does not exist|No such file or directory|not found)`,
);
/** Source: clan-core 26.05, `modules/clan/vars/settings-opts.nix`, `path`. */
const path = new RegExp(`File '${part}' at '${place}' does not exist`);
/** Source: clan-core 26.05, `lib/get-public-value.nix`. */
const publicValue = new RegExp(`getPublicValue: Public value ${part}/${part}/${part} not found`);
/** Source: clan-core 26.05, `nixosModules/clanCore/vars/public/in_repo.nix`, and services that say so themselves. */
const advice = /[`'"]clan vars generate(?: ([\w-]+))?/;

/**
 * What is behind an error of Nix that only says where it stopped: a machine's configuration reads what another one, that is
 * new, has not generated yet.
 * @param message - of Nix. @param evaluated - the machine whose configuration it was. @param machines - of the fleet.
 * @returns undefined: the error is about something else.
 */
export function missingVar(message: string, evaluated: string, machines: readonly string[]): MissingVar | undefined {
  const [, advised] = advice.exec(message) ?? [];
  const named = (owner: string | undefined, generator: string, name: string): MissingVar => {
    const where = owner === undefined ? "shared" : `per-machine/${owner}`;
    const known = owner ?? ownerOf(generator, machines) ?? advised;
    return { machine: machines.find((one) => one === known) ?? evaluated, name: `${where}/${generator}/${name}` };
  };
  const [, owner, generator, name] = file.exec(message) ?? [];
  if (generator !== undefined && name !== undefined) return named(owner, generator, name);
  const [, inFile, of, by] = path.exec(message) ?? [];
  if (inFile !== undefined && by !== undefined) return named(of, by, inFile);
  const [, whose, made, value] = publicValue.exec(message) ?? [];
  if (made !== undefined && value !== undefined) return named(whose === "shared" ? undefined : whose, made, value);
  if (!advice.test(message)) return undefined;
  return { machine: machines.find((one) => one === advised) ?? evaluated, name: null };
}

/** Machine of a shared generator such as `zerotier-ip-<machine>-<instance>`. */
function ownerOf(generator: string, machines: readonly string[]): string | undefined {
  const parts = `-${generator}-`;
  return machines.filter((name) => parts.includes(`-${name}-`)).sort((a, b) => b.length - a.length)[0];
}

/** @param at - where Nix stopped. @param found - what it said there. */
export function generateFirst(
  { machine, name }: MissingVar,
  evaluated: string,
  { at, found }: { readonly at: string; readonly found: string },
): VarsMissingError {
  const what = name ?? `a var of ${machine}`;
  return new VarsMissingError({
    summary: `${evaluated}: its configuration reads ${what}, which was never generated: generate first`,
    expected: "the vars of every machine that another one's configuration reads, before anything is evaluated",
    found,
    at,
    fix: `fleet vars generate ${machine}, git add what it wrote, then this again; ${evaluated} is deployed with it`,
  });
}
