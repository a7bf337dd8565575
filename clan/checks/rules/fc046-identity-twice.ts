import type { CheckContext } from "../context.ts";
import { placeOf } from "../option-place.ts";
import type { Report, Rule, Severity } from "../rule.ts";

/** One thing by which a machine is told from the others. */
interface Identity {
  readonly machine: string;
  readonly value: string;
  readonly at: Report["at"];
}

/** Two machines are the same to somebody: to SSH, to the mesh, to ZFS, to people. */
export const identityTwice: Rule = {
  id: "FC046",
  title: "an identity that two machines share",
  severities: ["error", "warning"],
  evaluated: true,
  text: {
    finds:
      "The same SSH host key, ZeroTier address, WireGuard key or public address for two machines (error); the same age key, hostName or hostId, the same address in one tunnel (warning). hostName, hostId and addresses need the evaluated configurations. Target hosts are FC039.",
    silent: "Each machine works alone; together they answer for each other, or throw each other out of the mesh.",
    fix: "Generate the copied var anew: `clan vars generate <machine> --regenerate`; correct the copied line.",
    example: "`vars/per-machine/electrum/openssh` copied from galena when electrum was made",
  },
  *check(context) {
    const { tree } = context;
    const open = tree?.secrets.publicVars ?? [];
    const keys = [...(tree?.secrets.keys.machines ?? [])];
    yield* shared(
      "error",
      "SSH host key",
      open.flatMap(({ machine, generator, file, value, path }) =>
        machine !== null && generator === "openssh" && file.endsWith(".pub")
          ? [{ machine, value: keyOf(value), at: { file: `${path}/value` } }]
          : [],
      ),
      "clan vars generate MACHINE --generator openssh --regenerate",
    );
    yield* shared(
      "error",
      "ZeroTier address",
      open.flatMap(({ machine, generator, file, value, path }) => {
        const owner = machine ?? ownerOf(generator, context);
        const isAddress = owner !== null && generator.startsWith("zerotier") && /^(?:zerotier-)?ip$/.test(file);
        return isAddress ? [{ machine: owner, value, at: { file: `${path}/value` } }] : [];
      }),
      "clan vars generate MACHINE --regenerate",
    );
    yield* shared(
      "error",
      "WireGuard key",
      open.flatMap(({ machine, generator, value, path }) =>
        machine !== null && /wireguard|^wg/.test(generator) && wireguardKey.test(value)
          ? [{ machine, value, at: { file: `${path}/value` } }]
          : [],
      ),
      "clan vars generate MACHINE --regenerate",
    );
    yield* shared(
      "warning",
      "age key",
      keys.flatMap(([machine, values]) =>
        values.map((value) => ({ machine, value, at: { file: `sops/machines/${machine}/key.json` } })),
      ),
      "clan vars generate MACHINE, with a key of its own",
    );
    yield* evaluated(context);
  },
};

function* evaluated(context: CheckContext): Iterable<Report> {
  const { configurations, mention } = context;
  const each = (option: "hostName" | "hostId"): Identity[] =>
    [...configurations].flatMap(([machine, { [option]: value }]) => {
      const at = placeOf(context, machine, ["networking", option]);
      return value === null || value === "" ? [] : [{ machine, value, at }];
    });
  yield* shared("warning", "hostName", each("hostName"), "state networking.hostName");
  yield* shared("warning", "hostId", each("hostId"), "state another networking.hostId");
  const addresses = [...configurations].flatMap(([machine, facts]) =>
    facts.addresses.map(({ interface: name, address }) => {
      const value = address.replace(/\/\d+$/, "");
      const files = addressOptions.flatMap((option) => facts.definedIn[option] ?? []);
      return { machine, name, value, at: mention(files, [name, value]) };
    }),
  );
  yield* shared(
    "error",
    "public address",
    addresses.filter(({ value }) => isPublic(value)),
    "correct one of the two",
  );
  const tunnels = Map.groupBy(
    addresses.filter(({ name, value }) => /^wg/.test(name) && !isPublic(value)),
    ({ name }) => name,
  );
  for (const [name, members] of tunnels)
    yield* shared("warning", `address in ${name}`, members, "correct one of the two");
}

function* shared(severity: Severity, what: string, identities: readonly Identity[], fix: string): Iterable<Report> {
  for (const [value, same] of Map.groupBy(identities, (identity) => identity.value)) {
    const machines = [...new Set(same.map(({ machine }) => machine))];
    const last = same.at(-1);
    if (machines.length < 2 || last === undefined) continue;
    yield {
      severity,
      subject: { kind: "machine", name: last.machine },
      message: `${machines.join(" and ")} have the same ${what} ${shorten(value)}`,
      at: last.at,
      suggestion: fix.replace("MACHINE", last.machine),
    };
  }
}

const addressOptions = ["networking.interfaces", "networking.wireguard.interfaces", "networking.wg-quick.interfaces"];

/** 32 bytes in base64. Source: wg(8). */
const wireguardKey = /^[A-Za-z0-9+/]{43}=$/;

/** Type and key without the comment. */
function keyOf(value: string): string {
  return value.split(" ").slice(0, 2).join(" ");
}

/** Machine of a shared generator `zerotier-ip-<machine>-<instance>`. */
function ownerOf(generator: string, { model }: CheckContext): string | null {
  const rest = /^zerotier-ip-(.+)$/.exec(generator)?.[1];
  if (rest === undefined) return null;
  const owners = Object.keys(model.machines).filter((name) => rest === name || rest.startsWith(`${name}-`));
  return owners.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Not of a private, local, shared or documentation range. Source: RFC 6890, IANA special-purpose registries. */
function isPublic(address: string): boolean {
  if (address.includes(":")) return /^[23]/.test(address) && !/^2001:0?db8/i.test(address);
  const reserved =
    /^(?:0|10|127)\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.168\.|^(?:22[4-9]|2[3-5]\d)\./;
  return /^\d+(?:\.\d+){3}$/.test(address) && !reserved.test(address);
}

function shorten(value: string): string {
  return value.length > 44 ? `${value.slice(0, 40)}…` : value;
}
