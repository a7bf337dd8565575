import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atomically } from "../atomically.mjs";
import { cache, findOnPath, firstLineOf, rootPrefix, SetupError } from "../context.mjs";
import { debianArchitecture, notSimulating } from "../platform.mjs";
import { run, say } from "../run.mjs";
import { isAtLeast } from "../versions.mjs";
import { baseRoot } from "./base-root.mjs";

const wanted = "2.24";
const target = join(cache, "nix");
/** All names of the one program; it decides by argv[0] which one it is. */
const programs = [
  "nix",
  "nix-build",
  "nix-collect-garbage",
  "nix-daemon",
  "nix-env",
  "nix-hash",
  "nix-instantiate",
  "nix-store",
];

/** One word for sh. @param {string} text */
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Runs the base root's Nix through that root's own loader and libraries.
 * NIX_CONF_DIR, not NIX_CONFIG: the user's nix.conf and NIX_CONFIG are read after it and win.
 * @param {string} name @param {string} root - base root @param {string} conf - folder of nix.conf
 */
export function wrapper(name, root, conf) {
  const { triplet, loader } = debianArchitecture();
  return `#!/bin/sh
# made by setup: Nix of the simulated hosts' base root, outside of it
root=${quote(root)}
conf=${quote(conf)}
export NIX_CONF_DIR="\${NIX_CONF_DIR-$conf}"
# Nix cannot execute itself through this loader: __build-remote fails on its libraries. A nix.conf cannot say so, since
# Nix sets its own default after reading it.
export NIX_CONFIG="build-hook =
\${NIX_CONFIG-}"
exec "$root/${loader}" --argv0 ${name} --library-path "$root/lib/${triplet}:$root/usr/lib/${triplet}" "$root/usr/bin/nix" "$@"
`;
}

/** @param {boolean} substitutersReachable */
export function nixConf(substitutersReachable) {
  return `# made by setup
experimental-features = nix-command flakes
# root builds, and there are no build users
build-users-group =
sandbox = false
${substitutersReachable ? "" : "# none could be reached when setup ran\nsubstituters =\n"}!include /etc/nix/nix.conf
`;
}

/** @returns {Promise<boolean>} */
async function substitutersReachable() {
  try {
    const { ok } = await fetch("https://cache.nixos.org/nix-cache-info", { signal: AbortSignal.timeout(5000) });
    return ok;
  } catch {
    return false; // a closed network: that is the answer
  }
}

/** Whether we can build into /nix without a daemon: Nix makes what it needs below a folder that is ours. */
function storeIsOurs() {
  if (process.getuid?.() === 0) return true;
  try {
    accessSync(existsSync("/nix/store") ? "/nix/store" : "/nix", constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The wrappers are there and are what this setup would write. */
function wrappersStand() {
  const path = join(target, "bin", "nix");
  if (!existsSync(path) || !existsSync(join(target, "nix.conf"))) return false;
  return readFileSync(path, "utf8") === wrapper("nix", baseRoot, target);
}

/** @type {import("../step.mjs").Step} */
export const nix = {
  title: "Nix",
  check() {
    const own = findOnPath("nix");
    const version = own === undefined ? undefined : firstLineOf(own, ["--version"]);
    if (isAtLeast(version, wanted)) return { there: true, what: `${version} at ${own}` };
    const bundled = wrappersStand() ? firstLineOf(join(target, "bin", "nix"), ["--version"]) : undefined;
    if (isAtLeast(bundled, wanted) && existsSync("/nix") && storeIsOurs()) {
      return { there: true, what: `${bundled} of the base root` };
    }
    return { there: false, what: `Nix ${wanted} or newer; ${version ?? "none"} on PATH` };
  },
  prerequisites() {
    const why = "machines are evaluated and built with it";
    if (notSimulating() !== undefined) {
      return [
        new SetupError(
          `Nix ${wanted} or newer is missing`,
          why,
          "it comes with: curl -L https://nixos.org/nix/install | sh",
        ),
      ];
    }
    if (existsSync("/nix/store") && !storeIsOurs()) {
      return [
        new SetupError(
          `Nix ${wanted} or newer is missing`,
          `${why}, and /nix/store belongs to another user`,
          "put that user's Nix on PATH, or run as root",
        ),
      ];
    }
    if (!existsSync("/nix") && rootPrefix() === undefined) {
      return [new SetupError("/nix is missing", why, `it comes with: sudo install -d -o ${process.getuid?.()} /nix`)];
    }
    return [];
  },
  doing: "wrappers for the base root's Nix",
  async make() {
    if (!existsSync("/nix") || !storeIsOurs()) {
      say("  creates /nix, where Nix keeps every store path (its place cannot be chosen)");
      const create = ["install", "-d", "-m", "0755", "-o", String(process.getuid?.()), "/nix"];
      await run([...(rootPrefix() ?? []), ...create], { log: "nix", deadlineSeconds: 20 });
    }
    const reachable = await substitutersReachable();
    await atomically(
      target,
      async (dir) => {
        mkdirSync(join(dir, "bin"));
        writeFileSync(join(dir, "nix.conf"), nixConf(reachable));
        for (const name of programs) {
          writeFileSync(join(dir, "bin", name), wrapper(name, baseRoot, target));
          chmodSync(join(dir, "bin", name), 0o755);
        }
      },
      (dir) => {
        if (isAtLeast(firstLineOf(join(dir, "bin", "nix"), ["--version"]), wanted)) return;
        throw new SetupError(
          "the base root's Nix does not run here",
          `expected ${wanted} or newer`,
          `try ${join(dir, "bin", "nix")} --version`,
        );
      },
    );
  },
};
