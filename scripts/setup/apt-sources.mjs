// Which Debian mirror apt uses here. Source: sources.list(5), deb822 and one-line style.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {{ uri: string, suite: string, components: readonly string[] }} AptSource */

/**
 * `deb [options] uri suite component…` lines.
 * @param {string} text @returns {AptSource[]}
 */
export function parseSourcesList(text) {
  return text.split("\n").flatMap((line) => {
    const found = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (found === null) return [];
    const [, uri = "", suite = "", components = ""] = found;
    return [{ uri, suite, components: components.split(/\s+/).filter(Boolean) }];
  });
}

/**
 * Stanzas of `Types: URIs: Suites: Components:`.
 * @param {string} text @returns {AptSource[]}
 */
export function parseDeb822(text) {
  const withoutComments = text.replace(/^#.*\n?/gm, "");
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => {
    /** @type {Map<string, string[]>} */
    const fields = new Map();
    for (const [, name = "", value = ""] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value.split(/\s+/).filter(Boolean));
    }
    const off = fields.get("enabled")?.[0]?.toLowerCase() === "no";
    if (off || !fields.get("types")?.includes("deb")) return [];
    const components = fields.get("components") ?? [];
    return (fields.get("uris") ?? []).flatMap((uri) =>
      (fields.get("suites") ?? []).map((suite) => ({ uri, suite, components })),
    );
  });
}

/** @param {string} path */
function filesOf(path) {
  try {
    return readdirSync(path)
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return [];
    throw error;
  }
}

/** All enabled binary sources of the system. @param {string} [etc] */
export function readAptSources(etc = "/etc/apt") {
  return [join(etc, "sources.list"), ...filesOf(join(etc, "sources.list.d"))].flatMap((path) => {
    if (!path.endsWith(".list") && !path.endsWith(".sources")) return [];
    let text = "";
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return [];
      throw error;
    }
    return path.endsWith(".sources") ? parseDeb822(text) : parseSourcesList(text);
  });
}

/**
 * The mirror that serves a release of Debian itself: the source whose suite is this system's release, with main.
 * Backports, updates and security have suites of their own; of third parties some use the release's name and main
 * too, so an address that ends in `/debian`, as Debian's mirrors do, goes first.
 * @param {readonly AptSource[]} sources @param {string} codename - of this system, from /etc/os-release
 * @param {(path: string) => string} [readMirrorList] - for `mirror+file:` addresses, which debootstrap does not know
 * @returns {string | undefined}
 */
export function debianMirror(sources, codename, readMirrorList = (path) => readFileSync(path, "utf8")) {
  const releases = new Set([codename, "stable", "oldstable", "testing", "sid", "unstable"]);
  const addresses = sources.flatMap(({ uri, suite, components }) => {
    if (!releases.has(suite) || !components.includes("main")) return [];
    const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
    const address = list === undefined ? uri : /^\s*([a-z]+:\S+)/m.exec(readMirrorList(list))?.[1];
    return address !== undefined && /^(https?|ftp|file|copy):/.test(address) ? [address.replace(/\/+$/, "")] : [];
  });
  return addresses.find((address) => address.endsWith("/debian")) ?? addresses[0];
}
