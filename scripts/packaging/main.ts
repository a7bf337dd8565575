// `npm run package`: compiles the product and packs it, `pulumi-clan-<version>.tgz`. Arguments are those of `npm pack`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { buildPackage } from "./build-package.ts";

const checkout = resolve(import.meta.dirname, "..", "..");
const folder = join(checkout, ".state", "package");
await buildPackage(checkout, folder);
const npm = spawn("npm", ["pack", folder, ...process.argv.slice(2)], { stdio: "inherit" });
const [code] = await once(npm, "exit");
process.exitCode = code === 0 ? 0 : 1;
