import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";

export interface StubKeys {
  /** The only key that may log in. */
  readonly user: ssh2.ParsedKey;
  /** Its private half. */
  readonly userKeyFile: string;
  /** Another host's pair. `public`: `ssh-ed25519 AAAA…`. */
  hostKeyOf(): { readonly private: string; readonly public: string };
}

export async function makeKeys(folder: string): Promise<StubKeys> {
  const pair = makePair();
  const userKeyFile = join(folder, "operator_ed25519");
  await writeFile(userKeyFile, pair.private, { mode: 0o600 });
  const user = ssh2.utils.parseKey(pair.public);
  if (user instanceof Error) throw user;
  const hostKeyOf = () => {
    const made = makePair();
    return { private: made.private, public: made.public.split(" ", 2).join(" ") };
  };
  return { user, userKeyFile, hostKeyOf };
}

// One in some hundred that ssh2 1.17 makes it cannot read itself.
function makePair(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
