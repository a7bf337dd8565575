import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";
import { makeKeyPair } from "../../../deploy/ssh/key-pair.ts";

export interface StubKeys {
  /** The only key that may log in. */
  readonly user: ssh2.ParsedKey;
  /** Its private half. */
  readonly userKeyFile: string;
  /** Another host's pair. `public`: `ssh-ed25519 AAAA…`. */
  hostKeyOf(): { readonly private: string; readonly public: string };
}

export async function makeKeys(folder: string): Promise<StubKeys> {
  const pair = makeKeyPair();
  const userKeyFile = join(folder, "operator_ed25519");
  await writeFile(userKeyFile, pair.privateKey, { mode: 0o600 });
  const user = ssh2.utils.parseKey(pair.publicKey);
  if (user instanceof Error) throw user;
  const hostKeyOf = () => {
    const made = makeKeyPair();
    return { private: made.privateKey, public: made.publicKey.split(" ", 2).join(" ") };
  };
  return { user, userKeyFile, hostKeyOf };
}
