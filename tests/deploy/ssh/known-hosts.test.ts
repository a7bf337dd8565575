import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, it } from "mocha";
import { lookUpHost, matchesPattern } from "../../../deploy/ssh/known-hosts.ts";
import { makeKey } from "../support/ssh-server.ts";

const run = promisify(execFile);
const key = makeKey().public;
const other = makeKey().public;

describe("known_hosts", () => {
  it("gives keys, authorities and revoked keys with the line that says so", () => {
    const text = `# comment
galena,10.0.0.1 ${key} comment
@cert-authority *.zt,!bad.zt ${other}
@revoked * ${other}
@unknown galena ${other}
galena sk-ssh-ed25519@openssh.com AAAA
galena ssh-ed25519 nonsense
`;
    const files = [{ file: "kh", text }];
    const revokedHostKeys = [{ key: other, source: "kh:4" }];
    assert.deepEqual(lookUpHost(files, "Galena"), {
      hostKeys: [{ key, source: "kh:2" }],
      certAuthorities: [],
      revokedHostKeys,
    });
    assert.deepEqual(lookUpHost(files, "galena.zt").certAuthorities, [{ key: other, source: "kh:3" }]);
    assert.deepEqual(lookUpHost(files, "bad.zt").certAuthorities, []);
  });

  it("is searched as ssh-keygen searches it, hashed names included", async () => {
    const folder = await mkdtemp(join(tmpdir(), "known-hosts-"));
    const file = join(folder, "known_hosts");
    try {
      await writeFile(file, `galena,[galena]:2222 ${key}\n[10.0.0.1]:22 ${other}\nEdge.Example ${other}\n`);
      await run("ssh-keygen", ["-H", "-f", file]);
      const text = await readFile(file, "utf8");
      assert.doesNotMatch(text, /galena/);
      for (const name of ["galena", "[galena]:2222", "10.0.0.1", "[10.0.0.1]:22", "edge.example", "nobody"]) {
        const found = await run("ssh-keygen", ["-F", name, "-f", file]).catch(() => ({ stdout: "" }));
        const keys = found.stdout.split("\n").flatMap((line) => / (ssh-\S+ \S+)$/.exec(line)?.[1] ?? []);
        assert.deepEqual(
          lookUpHost([{ file, text }], name).hostKeys.map((one) => one.key),
          keys,
          name,
        );
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("matches patterns as a regular expression would, in bounded time", () => {
    const small = fc.string({ unit: fc.constantFrom(..."ab.*?"), maxLength: 8 });
    fc.assert(
      fc.property(small, fc.string({ unit: fc.constantFrom(..."ab."), maxLength: 8 }), (pattern, name) => {
        const expression = pattern.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
        assert.equal(matchesPattern(pattern, name), new RegExp(`^${expression}$`).test(name));
      }),
    );
    const start = performance.now();
    assert.equal(matchesPattern("*a".repeat(500), "a".repeat(5000).replace(/a$/, "b")), false);
    assert.ok(performance.now() - start < 1000);
  });

  it("no text makes the search fail", () => {
    const hostile = fc.string({
      unit: fc.constantFrom(..."|1@#,!*?[]:=AZ az\n\r\t\0é", "galena", key, "@revoked "),
      maxLength: 60,
    });
    fc.assert(fc.property(hostile, hostile, (text, name) => void lookUpHost([{ file: "x", text }], name)));
  });
});
