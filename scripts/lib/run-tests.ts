// One mocha run of everything; arguments go to mocha, and files among them replace the list.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join, resolve } from "node:path";
import { orderTests } from "./test-order.ts";

const deadlineMs = 45 * 60_000;

const checkout = resolve(import.meta.dirname, "..", "..");
const args = process.argv.slice(2);
const named = args.some(
  (arg) => !arg.startsWith("-") && /\.ts$|[/*]/.test(arg) && (arg.includes("*") || existsSync(arg)),
);
const exclude = (name: string): boolean => name === "node_modules" || name === ".state";
const found = named ? [] : await Array.fromAsync(glob("**/*.test.ts", { cwd: checkout, exclude }));
const files = orderTests(found, process.platform === "linux");

const mocha = join(checkout, "node_modules", "mocha", "bin", "mocha.js");
const command = [mocha, "--require", "./tests/leftovers.ts", ...args, ...files];
const child = spawn(process.execPath, command, { cwd: checkout, stdio: "inherit" });
process.on("SIGINT", () => undefined); // the terminal sends it to mocha too, which ends in its own time
process.on("SIGTERM", () => child.kill());
const late = setTimeout(() => {
  console.error(`test: not done after ${deadlineMs / 60_000} minutes`);
  child.kill("SIGKILL");
}, deadlineMs);
await once(child, "close");
clearTimeout(late);
process.exitCode = child.exitCode ?? 1;
