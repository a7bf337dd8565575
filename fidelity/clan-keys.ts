import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateAgeKey, sealArmored } from "../clan/vars/age/age-file.ts";
import { type MachineSecrets, readMachineSecrets } from "../clan/vars/machine-secrets.ts";
import { sealSopsBinary } from "../clan/vars/sops/sops-binary.ts";

const variable = "SOPS_AGE_KEY";

/** A clan's folder with the key of one machine, encrypted to an operator whose key this process has. */
export class ClanKeys implements Disposable {
  readonly #root: string;
  readonly #machine: string;
  readonly #before = process.env[variable];
  /** What this one gave to the process. */
  #given: string | undefined;

  constructor(root: string, machine: string) {
    this.#root = root;
    this.#machine = machine;
  }

  /** Gives the machine another key. @returns what the clan then brings to it. */
  async rotate(): Promise<MachineSecrets> {
    const [operator, key] = [await generateAgeKey(), await generateAgeKey()];
    process.env[variable] = this.#given = operator.identity;
    await this.#write(
      `sops/machines/${this.#machine}/key.json`,
      JSON.stringify([{ publickey: key.recipient, type: "age" }]),
    );
    await this.#write(
      `sops/secrets/${this.#machine}-age.key/secret`,
      await sealSopsBinary(Buffer.from(key.identity), [operator.recipient], sealArmored, new Date()),
    );
    const secrets = await readMachineSecrets(this.#root, this.#machine, { generators: {}, settings: null });
    if (secrets === undefined) throw new Error(`${this.#root} keeps no key of ${this.#machine}`);
    return secrets;
  }

  async #write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.#root, path)), { recursive: true });
    await writeFile(join(this.#root, path), content);
  }

  [Symbol.dispose](): void {
    // Another host's clan may be under way in this process.
    if (this.#given === undefined || process.env[variable] !== this.#given) return;
    if (this.#before === undefined) delete process.env[variable];
    else process.env[variable] = this.#before;
  }
}
