import { existsSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, readJson, root, SetupError } from "../context.mjs";
import { notInstalled } from "../npm-lock.mjs";
import { run } from "../run.mjs";

/** @type {import("../step.mjs").Step} */
export const npmPackages = {
  title: "npm packages",
  check() {
    const hidden = join(root, "node_modules", ".package-lock.json");
    if (!existsSync(hidden)) return { there: false, what: "node_modules is not installed" };
    const missing = notInstalled(readJson(join(root, "package-lock.json")), readJson(hidden));
    if (missing.length === 0) return { there: true, what: "node_modules is what package-lock.json says" };
    return { there: false, what: `${missing.length} packages differ from package-lock.json, e.g. ${missing[0]}` };
  },
  prerequisites() {
    if (findOnPath("npm") !== undefined) return [];
    return [
      new SetupError(
        "npm is missing",
        "it installs the project's packages",
        "apt-get install npm, or https://nodejs.org/en/download",
      ),
    ];
  },
  doing: "npm ci --ignore-scripts",
  async make() {
    await run(["npm", "ci", "--ignore-scripts", "--no-progress"], { log: "npm-ci", cwd: root, deadlineSeconds: 900 });
  },
};
