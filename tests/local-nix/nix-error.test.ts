import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { lastErrorBlock, renderPosition } from "../../local-nix/nix-error.ts";

const place = (text: string): string | undefined => renderPosition(lastErrorBlock(text));

describe("last error block of Nix", () => {
  it("is the cause below the frames, with its own position (2.20 and later)", () => {
    const stderr = `error:
       … while calling the 'import' builtin
         at «string»:1:1:
            1| import ./e/bad.nix
             | ^

       error: syntax error, unexpected ';'
       at /tmp/e/bad.nix:3:7:
            2| {
            3|   a = ;
             |       ^
            4| }
`;
    assert.deepEqual(lastErrorBlock(stderr), {
      message: "syntax error, unexpected ';'",
      file: "/tmp/e/bad.nix",
      line: 3,
      frames: [],
      sources: [],
    });
  });

  it("is found with blank lines around positions (2.18)", () => {
    const stderr = `warning: Git tree '/fleet' is dirty
error:
       … in the condition of the assert statement

         at /nix/store/aaa-source/lib/customisation.nix:86:17:

           85|       drvPath = assert condition; drv.drvPath;
             |                 ^
           86|       outPath = assert condition; drv.outPath;

       (stack trace truncated; use '--show-trace' to show the full trace)

       error: undefined variable 'pkgz'

       at /nix/store/bbb-source/nix/entries/nixos/base.nix:4:9:

            3|   environment.systemPackages =
            4|     [ pkgz.git ];
             |       ^
            5| }
`;
    const block = lastErrorBlock(stderr);
    assert.equal(block.message, "undefined variable 'pkgz'");
    assert.equal(renderPosition(block), "/nix/store/bbb-source/nix/entries/nixos/base.nix:4");
    assert.deepEqual(block.frames, [{ file: "/nix/store/aaa-source/lib/customisation.nix", line: 86 }]);
  });

  it("keeps all lines of a message and names the sources that it names", () => {
    const stderr = `error:
       … while evaluating the attribute 'config'
         at /nix/store/ccc-source/lib/modules.nix:361:9:
          360|         options = checked options;
             |         ^

       … while calling the 'throw' builtin
         at /nix/store/ccc-source/lib/modules.nix:333:13:

       error: The option \`services.pulseaudio' does not exist. Definition values:
       - In \`modules/nixos/base/sound.ts':
           {
             enable = false;
           ...
`;
    assert.deepEqual(lastErrorBlock(stderr), {
      message:
        "The option `services.pulseaudio' does not exist. Definition values:\n- In `modules/nixos/base/sound.ts':\n    {\n      enable = false;\n    ...",
      frames: [
        { file: "/nix/store/ccc-source/lib/modules.nix", line: 333 },
        { file: "/nix/store/ccc-source/lib/modules.nix", line: 361 },
      ],
      sources: ["modules/nixos/base/sound.ts"],
    });
  });

  it("reads a message that begins on the line after the word", () => {
    const block = lastErrorBlock("error:\n       Failed assertions:\n       - galena has no root file system\n");
    assert.equal(block.message, "Failed assertions:\n- galena has no root file system");
  });

  it("reads frames that follow the error (2.8 and before)", () => {
    const stderr = `error: attribute 'foo' missing

       at /fleet/flake.nix:7:3:

            6|   x =
            7|   y.foo
             |   ^

       … while evaluating 'outputs'

       at /fleet/flake.nix:2:13:
`;
    assert.equal(lastErrorBlock(stderr).message, "attribute 'foo' missing");
    assert.equal(place(stderr), "/fleet/flake.nix:7");
  });

  it("names the class error's module", () => {
    const text =
      'error: The module `modules/darwin/base.ts` (class: "darwin") cannot be imported into a module evaluation that expects class "nixos".';
    assert.deepEqual(lastErrorBlock(text).sources, ["modules/darwin/base.ts"]);
  });

  it("is the failed builder, not the derivations that wait for it (2.26)", () => {
    const stderr = `error: builder for '/nix/store/ddd-f.drv' failed with exit code 3;
       last 2 log lines:
       > a
       > error: the compiler's own
       For full logs, run:
         nix log /nix/store/ddd-f.drv
error: 1 dependencies of derivation '/nix/store/eee-g.drv' failed to build
`;
    assert.match(
      lastErrorBlock(stderr).message,
      /^builder for '\/nix\/store\/ddd-f.drv' failed[\s\S]*> a\n> error: the compiler's own/,
    );
  });

  it("is the failed builder, not the derivations that wait for it (2.33)", () => {
    const stderr = `error: Cannot build '/nix/store/ddd-f.drv'.
       Reason: builder failed with exit code 1.
       Last 1 log lines:
       > no space left on device
error: Cannot build '/nix/store/eee-g.drv'.
       Reason: 1 dependency failed.
       Output paths:
         /nix/store/fff-g
error: Build failed due to failed dependency
`;
    assert.match(lastErrorBlock(stderr).message, /^Cannot build '\/nix\/store\/ddd-f.drv'.\nReason: builder failed/);
  });

  it("is without colours, and not a retried download's warning", () => {
    const stderr =
      "warning: error: unable to download 'https://x'; retrying in 320 ms\n\u001b[31;1merror:\u001b[0m \u001b[35;1mbroken\u001b[0m\n";
    assert.equal(lastErrorBlock(stderr).message, "broken");
  });

  it("is the end of the text when Nix says no `error:`", () => {
    assert.equal(lastErrorBlock("warning: x\nKilled\n").message, "Killed");
    assert.equal(lastErrorBlock("").message, "Nix gave no reason");
  });

  it("finds message, file and line below any number of frames", () => {
    const word = fc.stringMatching(/^[a-z][a-z ']{0,30}[a-z]$/);
    const frame = fc.record({ what: word, file: fc.stringMatching(/^\/[a-z]{1,8}\.nix$/), line: fc.nat(999) });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 30 }),
        word,
        fc.nat(999),
        fc.boolean(),
        (frames, message, line, blank) => {
          const gap = blank ? "\n" : "";
          const trace = frames.map(
            (f) => `       … while ${f.what}\n${gap}         at ${f.file}:${f.line}:3:\n          12| x\n\n`,
          );
          const head = frames.length === 0 ? "" : `error:\n${trace.join("")}`;
          const indent = frames.length === 0 ? "" : "       ";
          const stderr = `${head}${indent}error: ${message}\n${gap}       at /x/y.nix:${line}:1:\n           1| z\n             | ^\n`;
          const block = lastErrorBlock(stderr);
          assert.equal(block.message, message);
          assert.equal(renderPosition(block), `/x/y.nix:${line}`);
          assert.deepEqual(
            block.frames.toReversed(),
            frames.map((f) => ({ file: f.file, line: f.line })),
          );
        },
      ),
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.constantFrom("error:", "       at /x:1:2:", "\n", " … while", "1| ")),
        (a, b) => {
          assert.notEqual(lastErrorBlock(a + b.join("\n")).message, "");
        },
      ),
    );
  });
});
