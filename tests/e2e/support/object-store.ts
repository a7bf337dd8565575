import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A bucket `state` on a real object-store server that speaks S3; who asks without S3's signatures may read and write, too. */
export interface ObjectStore extends AsyncDisposable {
  readonly port: number;
  /** Variables with which Pulumi keeps its state there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Everything that was ever stored and still is: object's path → its bytes as text. */
  contents(): Promise<ReadonlyMap<string, string>>;
}

/** @param address - where it listens. Default: the loopback interface. */
export async function startObjectStore(address = "127.0.0.1"): Promise<ObjectStore> {
  const directory = await mkdtemp(join(tmpdir(), "bucket-"));
  const server = spawn(process.execPath, [join(import.meta.dirname, "s3-server.ts"), directory, address], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(server, "close");
  const lines = createInterface({ input: server.stdout });
  const [first] = await Promise.race([once(lines, "line"), closed]);
  const port = Number(first);
  if (!Number.isInteger(port) || port <= 0) throw new Error(`the object store did not start: ${String(first)}`);
  // Source: gocloud.dev/blob/s3blob and its aws.V2ConfigFromURLParams, which Pulumi 3.250 opens URLs with.
  const options = `endpoint=http://${address}:${port}&use_path_style=true&disable_https=true&region=us-east-1`;
  return {
    port,
    environment: {
      PULUMI_BACKEND_URL: `s3://state?${options}`,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    },
    contents: async () => {
      const entries = await readdir(directory, { recursive: true });
      const files = entries.filter((path) => path.endsWith("_object"));
      const texts = files.map(async (file) => [file, await readFile(join(directory, file), "utf8")] as const);
      return new Map(await Promise.all(texts));
    },
    [Symbol.asyncDispose]: async () => {
      server.stdin.end();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
