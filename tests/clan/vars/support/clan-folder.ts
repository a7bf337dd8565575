import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { generateAgeKey, sealArmored, sealNative } from "../../../../clan/vars/age/age-file.ts";
import { findOperatorKeys, type OperatorKeys } from "../../../../clan/vars/age/operator-keys.ts";
import { sealSopsBinary } from "../../../../clan/vars/sops/sops-binary.ts";

type AgeKey = Awaited<ReturnType<typeof generateAgeKey>>;

/** A clan's folder with real keys and really encrypted files, and the operator who can open them. */
export class ClanFolder implements AsyncDisposable {
  readonly root: string;
  readonly operator: AgeKey;

  private constructor(root: string, operator: AgeKey) {
    this.root = root;
    this.operator = operator;
  }

  static async create(): Promise<ClanFolder> {
    const root = await mkdtemp(join(tmpdir(), "clan-folder-"));
    return new ClanFolder(root, await generateAgeKey());
  }

  /** The operator's keys alone, whatever the tests' own user has. */
  readonly findKeys = (): Promise<OperatorKeys> => this.keysOf(this.operator);

  keysOf({ identity }: AgeKey): Promise<OperatorKeys> {
    return findOperatorKeys({ env: { SOPS_AGE_KEY: identity }, home: join(this.root, "no-home"), platform: "linux" });
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), content);
  }

  /** A link from one place of the folder to another, as clan's are: relative. */
  async link(path: string, to: string): Promise<void> {
    const folder = dirname(join(this.root, path));
    await mkdir(folder, { recursive: true });
    await symlink(relative(folder, join(this.root, to)), join(this.root, path));
  }

  /** A secret of clan's sops back end. */
  async seal(path: string, content: string | Uint8Array, recipients: readonly string[]): Promise<void> {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    await this.write(path, await sealSopsBinary(bytes, recipients, sealArmored, new Date()));
  }

  /** A new key for a machine, as `clan` keeps it. */
  async keyFor(machine: string): Promise<AgeKey> {
    const key = await generateAgeKey();
    await this.write(
      `sops/machines/${machine}/key.json`,
      JSON.stringify([{ publickey: key.recipient, type: "age" }], null, 2),
    );
    await this.seal(`sops/secrets/${machine}-age.key/secret`, key.identity, [this.operator.recipient]);
    return key;
  }

  /** The same of the age back end. */
  async ageKeyFor(machine: string): Promise<AgeKey> {
    const key = await generateAgeKey();
    await this.write(`secrets/age-keys/machines/${machine}/pub`, `${key.recipient}\n`);
    await this.write(
      `secrets/age-keys/machines/${machine}/key.age`,
      await sealNative(Buffer.from(`${key.identity}\n`), [this.operator.recipient]),
    );
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
