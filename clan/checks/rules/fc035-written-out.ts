import type { Location } from "../../fleet-model.ts";
import type { PublicVar } from "../disk/secrets-on-disk.ts";
import type { Rule } from "../rule.ts";

/** A generated value, copied into sources by hand: the copy stays when the value is generated anew. */
export const writtenOut: Rule = {
  id: "FC035",
  title: "a generated value written out in sources",
  severities: ["info"],
  text: {
    finds: "An address or public key among clan's public vars whose text stands in module files.",
    silent: "Both agree, until the var is generated anew and the copies are not.",
    fix: "Read the var: `config.clan.core.vars.generators.<generator>.files.<file>.value`.",
    example: "galena's ZeroTier address in `modules/home/core/ssh.nix` and `modules/nixos/hosts.nix`",
  },
  *check({ tree }) {
    if (tree === null) return;
    const copied = tree.secrets.publicVars.filter(({ value }) => isIdentity(value));
    if (copied.length === 0) return;
    for (const variable of copied) {
      const places = [...tree.sources].flatMap(([file, text]) => placesOf(needle(variable), file, text));
      const [first] = places;
      if (first === undefined) continue;
      const files = [...new Set(places.map(({ file }) => file))];
      yield {
        severity: "info",
        subject: { kind: "file", name: variable.path },
        message: `the value of ${variable.path} is written out in ${files.join(", ")}`,
        at: first,
        suggestion: `read it from the generator ${variable.generator}`,
      };
    }
  },
};

/** An IPv6 address, an IPv4 address, or a public key of SSH or age: long enough to be no coincidence. */
function isIdentity(value: string): boolean {
  const ipv6 = /^[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){4,7}(?:\/\d+)?$/i;
  return ipv6.test(value) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(value) || /^(?:ssh-|ecdsa-|age1)\S+/.test(value);
}

/** Of a public key only the key itself: comments differ. */
function needle({ value }: PublicVar): string {
  const [type = "", key] = value.split(" ");
  return key ?? type;
}

function placesOf(value: string, file: string, text: string): Location[] {
  const index = text.indexOf(value);
  return index === -1 ? [] : [{ file, line: text.slice(0, index).split("\n").length }];
}
