import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, it } from "mocha";
import { renderRemoteCommand } from "../../../deploy/ssh/remote-command.ts";
import { quoteCommand, quoteWord } from "../../../deploy/ssh/shell-quote.ts";

describe("quoting", () => {
  it("leaves plain words alone and quotes the rest", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["/nix/store/abc-nixos-system-galena-26.05", "/nix/store/abc-nixos-system-galena-26.05"],
      ["", "''"],
      ["two words", "'two words'"],
      ["it's", "'it'\\''s'"],
      ["a\\b", "'a'\\\\'b'"],
      ["$(reboot)", "'$(reboot)'"],
      ["=ls", "'=ls'"],
      ["~", "'~'"],
      ["-rf", "-rf"],
      ["a\nb", "'a\nb'"],
    ];
    for (const [word, quoted] of cases) assert.equal(quoteWord(word), quoted);
    assert.equal(quoteCommand(["printf", "%s", "a b"]), "printf '%s' 'a b'");
  });

  it("refuses a NUL, which no argument can hold", () => {
    assert.throws(() => quoteWord("a\0b"), TypeError);
  });

  for (const shell of ["/bin/sh", "/bin/bash"]) {
    it(`is read back unchanged by ${shell}, whatever the words hold`, () => {
      const word = fc.string({
        unit: fc.oneof(
          fc.constantFrom(..."'\"\\$`!*?~#&;|<>(){}[] \t\n=%^-"),
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
        ),
      });
      const words = fc.array(
        word.filter((text) => !text.includes("\0")),
        { minLength: 1, maxLength: 20 },
      );
      fc.assert(
        fc.property(words, (argv) => {
          const { stdout } = spawnSync(shell, ["-c", `printf '%s\\0' ${quoteCommand(argv)}`]);
          assert.deepEqual(stdout, Buffer.from(argv.map((one) => `${one}\0`).join("")));
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe("the line for sshd", () => {
  const script = { name: "facts", text: "{ exit\n}\n", args: ["a b"] };

  it("is exact for every way to be root", () => {
    assert.equal(
      renderRemoteCommand(["nix-store", "--check-validity", "$x"], "none"),
      "nix-store --check-validity '$x'",
    );
    assert.equal(renderRemoteCommand(["id"], "sudo"), "sudo -n -- id");
    assert.equal(renderRemoteCommand(script, "none"), "/bin/sh -s -- 'a b'");
    assert.equal(renderRemoteCommand(script, "sudo"), "sudo -n -- /bin/sh -s -- 'a b'");
    assert.equal(
      renderRemoteCommand(script, "if-possible"),
      `/bin/sh -c 'if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then exec sudo -n -- /bin/sh -s -- "$@"; fi; exec /bin/sh -s -- "$@"' sh 'a b'`,
    );
  });
});
