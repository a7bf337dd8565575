import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atomically } from "../atomically.mjs";
import { findOnPath, firstLineOf, isExecutable, pulumiHome, pulumiVersion, root, SetupError } from "../context.mjs";
import { run, say } from "../run.mjs";
import { isAtLeast } from "../versions.mjs";

/** Where the official launcher keeps and looks for the CLI. Source: npm pulumi 3.250.0, lib/resolve.js, lib/cache.js. */
const target = join(pulumiHome, "versions", pulumiVersion);
const programs = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];
const sdk = "github.com/pulumi/pulumi/sdk/v3";
/** Oldest Go that fetches the toolchain that a go.mod asks for by itself. */
const goWanted = "1.21";

/** Whether the folder holds everything and the CLI says the version expected. @param {string} dir */
function works(dir) {
  const all = programs.every((name) => isExecutable(join(dir, "bin", name)));
  return all && firstLineOf(join(dir, "bin", "pulumi"), ["version"]) === `v${pulumiVersion}`;
}

/** The CLI of the user's own, with the language host that belongs to it. */
function onPath() {
  const own = findOnPath("pulumi");
  if (own === undefined || findOnPath("pulumi-language-nodejs") === undefined) return undefined;
  const version = firstLineOf(own, ["version"]);
  return isAtLeast(version, pulumiVersion) ? `${version} at ${own}` : undefined;
}

/**
 * The official build, through the official launcher. It downloads from pulumi.com: refused at once on a closed network.
 * @param {string} dir @returns {Promise<boolean>}
 */
async function download(dir) {
  try {
    const install = ["npm", "install", "--ignore-scripts", "--no-save", "--no-progress", "--prefix", dir];
    await run([...install, `pulumi@${pulumiVersion}`], { log: "pulumi-download", cwd: dir, deadlineSeconds: 120 });
    await run([process.execPath, join(dir, "node_modules", "pulumi", "run.js"), "version"], {
      log: "pulumi-download",
      append: true,
      cwd: dir,
      env: { PULUMI_HOME: join(dir, "home"), PULUMI_VERSION: pulumiVersion, PULUMI_SKIP_UPDATE_CHECK: "true" },
      deadlineSeconds: 240,
      group: true,
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say("  the official download cannot be had here");
    return false;
  }
  return true;
}

/**
 * CLI and language host from Go modules, versions and checksums pinned in the two folders beside.
 * @param {string} dir
 */
async function build(dir) {
  const version = findOnPath("go") === undefined ? undefined : firstLineOf("go", ["version"]);
  if (!isAtLeast(version, goWanted)) {
    const why = "the official Pulumi CLI cannot be downloaded here and is built from Go modules instead";
    throw new SetupError(
      `Go ${goWanted} or newer is missing (${version ?? "none on PATH"})`,
      why,
      "it comes from https://go.dev/dl",
    );
  }
  const flags = ["-mod=readonly", "-trimpath", "-tags", "osusergo,grpcnotrace"];
  const linker = ["-ldflags", `-s -w -X ${sdk}/go/common/version.Version=v${pulumiVersion}`];
  /** @param {string} name @param {string} source */
  const compile = (name, source) => {
    say(`  builds ${name}`);
    return run(["go", "build", ...flags, ...linker, "-o", join(dir, "bin", name), source], {
      log: `build-${name}`,
      cwd: join(root, "scripts", "setup", name === "pulumi" ? "pulumi-cli" : name),
      env: { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      deadlineSeconds: 3600,
    });
  };
  mkdirSync(join(dir, "bin"));
  await compile("pulumi-language-nodejs", `${sdk}/nodejs/cmd/pulumi-language-nodejs`);
  await compile("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi");
}

/** The starter of dynamic providers; official builds bring it, ours takes the SDK's. @param {string} dir */
function addDynamicProvider(dir) {
  const name = "pulumi-resource-pulumi-nodejs";
  const script = join(dir, "bin", name);
  if (existsSync(script)) return;
  copyFileSync(join(root, "node_modules", "@pulumi", "pulumi", name), script);
  chmodSync(script, 0o755);
}

/** @type {import("../step.mjs").Step} */
export const pulumiCli = {
  title: "Pulumi CLI",
  check() {
    const own = onPath();
    if (own !== undefined) return { there: true, what: own };
    if (works(target)) return { there: true, what: `v${pulumiVersion} in ${join(target, "bin")}` };
    return {
      there: false,
      what: `none of ${pulumiVersion} or newer, with its Node.js language host, on PATH or in ${target}`,
    };
  },
  doing: "official download, else built from Go modules (4 to 10 minutes)",
  async make() {
    await atomically(
      target,
      async (dir) => {
        const scratch = join(dir, "download");
        mkdirSync(scratch);
        const downloaded = await download(scratch);
        if (downloaded) renameSync(join(scratch, "home", "versions", pulumiVersion, "bin"), join(dir, "bin"));
        rmSync(scratch, { recursive: true, force: true });
        if (!downloaded) await build(dir);
        addDynamicProvider(dir);
      },
      (dir) => {
        if (works(dir)) return;
        throw new SetupError(
          "the Pulumi CLI does not work",
          `expected v${pulumiVersion} and ${programs.join(", ")}`,
          `see ${join(dir, "bin")}`,
        );
      },
    );
  },
};
