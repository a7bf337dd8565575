import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianMirror, parseDeb822, parseSourcesList, readAptSources } from "../../../scripts/setup/apt-sources.mjs";

const stanzas = `# the system's own
Types: deb deb-src
# as of the installation
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 URIs-look-alike: no

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main
`;

describe("apt's sources", () => {
  it("are read from one-line files, without options, comments and source packages", () => {
    const text = `# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
  deb http://flat.example/ ./
`;
    assert.deepEqual(parseSourcesList(text), [
      { uri: "http://mirror.example/debian", suite: "bookworm", components: ["main", "contrib"] },
      { uri: "http://flat.example/", suite: "./", components: [] },
    ]);
  });

  it("are read from deb822 stanzas, each address with each suite, without disabled stanzas and source packages", () => {
    const components = ["main", "contrib"];
    assert.deepEqual(parseDeb822(stanzas), [
      { uri: "http://mirror.example/debian", suite: "bookworm", components },
      { uri: "http://mirror.example/debian", suite: "bookworm-updates", components },
      { uri: "http://second.example/debian", suite: "bookworm", components },
      { uri: "http://second.example/debian", suite: "bookworm-updates", components },
    ]);
  });

  it("are gathered from sources.list and sources.list.d, by their endings", async () => {
    const etc = await mkdtemp(join(tmpdir(), "apt-"));
    try {
      await mkdir(join(etc, "sources.list.d"));
      await writeFile(join(etc, "sources.list.d", "debian.sources"), stanzas);
      await writeFile(join(etc, "sources.list.d", "more.list"), "deb http://more.example/x bookworm main\n");
      await writeFile(join(etc, "sources.list.d", "more.list.save"), "deb http://saved.example/x bookworm main\n");
      const hosts = readAptSources(etc).map(({ uri }) => new URL(uri).hostname);
      assert.deepEqual([...new Set(hosts)], ["mirror.example", "second.example", "more.example"]);
    } finally {
      await rm(etc, { recursive: true });
    }
  });
});

describe("the Debian mirror", () => {
  const source = (uri: string, suite = "bookworm", components = ["main"]) => ({ uri, suite, components });

  it("is that of the release's own suite, not of security, updates or third parties", () => {
    const sources = [
      source("https://third.example/packages"),
      source("http://mirror.example/debian-security", "bookworm-security"),
      source("http://mirror.example/debian/", "bookworm-backports"),
      source("https://docker.example/debian", "bookworm", ["stable"]),
      source("http://mirror.example/debian/"),
    ];
    assert.equal(debianMirror(sources, "bookworm"), "http://mirror.example/debian");
  });

  it("may have another path than /debian", () => {
    assert.equal(
      debianMirror([source("http://cache.example/deb-mirror")], "bookworm"),
      "http://cache.example/deb-mirror",
    );
  });

  it("is the first line of the list that cloud images name with mirror+file:", () => {
    const list = "# primary\nhttp://cloud.example/debian\tpriority:1\nhttp://other.example/debian\n";
    const read = (path: string): string => (path === "/etc/apt/mirrors/debian.list" ? list : "");
    const sources = [source("mirror+file:///etc/apt/mirrors/debian.list")];
    assert.equal(debianMirror(sources, "bookworm", read), "http://cloud.example/debian");
  });

  it("is undefined where apt knows none", () => {
    assert.equal(debianMirror([source("https://third.example/x", "nodistro")], "bookworm"), undefined);
  });
});
