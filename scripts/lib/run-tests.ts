// One mocha run of everything; arguments go to mocha, and files among them replace the list.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { lastLine } from "../../tests/reporter/last-line.ts";
import { type RunRecord, recordVariable, runRecordSchema } from "../../tests/reporter/run-record.ts";
import { filesForSecondLook } from "./second-look.ts";
import { orderTests } from "./test-order.ts";

const deadlineMs = 75 * 60_000;

const checkout = resolve(import.meta.dirname, "..", "..");
const args = process.argv.slice(2);
const named = args.some(
  (arg) => !arg.startsWith("-") && /\.ts$|[/*]/.test(arg) && (arg.includes("*") || existsSync(arg)),
);
const exclude = (name: string): boolean => name === "node_modules" || name === ".state";
const found = named ? [] : await Array.fromAsync(glob("**/*.test.ts", { cwd: checkout, exclude }));
const files = orderTests(found, process.platform === "linux");

const mocha = join(checkout, "node_modules", "mocha", "bin", "mocha.js");
const until = performance.now() + deadlineMs;
const records = await mkdtemp(join(tmpdir(), "pulumi-clan-tests-"));
try {
  process.exitCode = await runAll();
} finally {
  await rm(records, { recursive: true });
}

/** Hundreds of tests with hosts, clocks and two processors: what fails among them gets a second look, by itself, and is told. */
async function runAll(): Promise<number> {
  const first = await runMocha([...args, ...files], join(records, "first"));
  if (first.record === undefined || first.stopped || args.length > 0) return first.code;
  const again = filesForSecondLook(first.record.failures);
  if (again.length === 0) return first.code;
  console.log(`\ntest: a second look at ${again.join(", ")}`);
  const second = await runMocha(again, join(records, "second"));
  if (second.code !== 0) return second.code;
  const { passed, skipped, failures } = first.record;
  console.log("test: failed beside all the others, and passed alone; each of them has a reason that is worth finding:");
  for (const { title } of failures) console.log(`  ${title}`);
  console.log(lastLine({ passed: passed + failures.length, failed: 0, skipped, unsteady: failures.length }));
  return 0;
}

async function runMocha(
  rest: readonly string[],
  recordPath: string,
): Promise<{ readonly code: number; readonly stopped: boolean; readonly record: RunRecord | undefined }> {
  const command = [mocha, "--require", "./tests/leftovers.ts", ...rest];
  const env = { ...process.env, [recordVariable]: recordPath };
  const child = spawn(process.execPath, command, { cwd: checkout, stdio: "inherit", env });
  let stopped = false;
  const note = (): void => {
    stopped = true; // the terminal sends it to mocha too, which ends in its own time
  };
  const stop = (): void => {
    stopped = true;
    child.kill();
  };
  process.on("SIGINT", note).on("SIGTERM", stop);
  const late = setTimeout(() => {
    console.error(`test: not done after ${deadlineMs / 60_000} minutes`);
    child.kill("SIGKILL");
  }, until - performance.now());
  await once(child, "close");
  clearTimeout(late);
  process.off("SIGINT", note).off("SIGTERM", stop);
  const text = existsSync(recordPath) ? await readFile(recordPath, "utf8") : undefined;
  return {
    code: child.exitCode ?? 1,
    stopped,
    record: text === undefined ? undefined : runRecordSchema.parse(JSON.parse(text)),
  };
}
