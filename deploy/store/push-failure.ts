import { DiskSpaceError, PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { NarError } from "./nar-writer.ts";
import { type PathInfo, sizeOf } from "./path-info.ts";
import { mebibytes } from "./push-progress.ts";
import { lastWords, ReceiverEnd } from "./receiver-end.ts";
import { WireError } from "./wire.ts";

/** @throws {DiskSpaceError} before anything is sent */
export function requireSpace(
  session: HostSession,
  missing: readonly PathInfo[],
  freeKib: number | undefined,
  reserveMib: number,
): void {
  const needed = sizeOf(missing) + reserveMib * 2 ** 20;
  if (freeKib === undefined || needed <= freeKib * 1024) return;
  throw new DiskSpaceError({
    summary: `${session.spec.machine}: the closure does not fit into the host's store`,
    expected: `${mebibytes(needed)} free in /nix (${missing.length} paths, ${reserveMib} MiB in reserve)`,
    found: mebibytes(freeKib * 1024),
    at: renderAddress(session.spec),
    fix: makeRoom,
  });
}

const makeRoom = "make room on the host: `nix-collect-garbage --delete-older-than 30d`";

/** What the codecs and the receiver say, in the words of the one who pushes; anything else unchanged. */
export function explainPushFailure(session: HostSession, error: unknown): unknown {
  if (error instanceof ReceiverEnd) return explainEnd(session, error);
  const at = renderAddress(session.spec);
  if (error instanceof NarError) {
    const facts = {
      summary: `${session.spec.machine}: a path of your own store is damaged, nothing of it was added`,
      expected: "the files that Nix put there",
      found: error.message,
      at: error.path,
      fix: `repair it, then push again: nix-store --repair-path ${error.path}`,
    };
    return new PushError(facts, { cause: error });
  }
  if (error instanceof WireError) {
    const facts = {
      summary: `${session.spec.machine}: the host's nix-store answers with something unexpected`,
      expected: error.expected,
      found: error.found,
      at,
      fix: "run `nix-store --version` over ssh: a message of the login shell on stdout disturbs it, an old Nix does, too",
    };
    return new PushError(facts, { cause: error });
  }
  return error;
}

function explainEnd(session: HostSession, end: ReceiverEnd): DiskSpaceError | PushError {
  const words = lastWords(end.stderr) || end.message;
  const at = renderAddress(session.spec);
  // Source: strerror(ENOSPC), and SQLite's text for SQLITE_FULL.
  if (/No space left on device|database or disk is full|Disk quota exceeded/.test(words)) {
    const expected = "room for the closure until its end";
    const summary = `${session.spec.machine}: the host's store became full while it received`;
    return new DiskSpaceError({ summary, expected, found: words, at, fix: makeRoom }, { cause: end });
  }
  // Source: nix 2.26, LocalStore::addToStore.
  const damaged = /(?:hash|size) mismatch importing path '([^']+)'/.exec(words)?.[1];
  return new PushError(
    {
      summary: `${session.spec.machine}: the host did not take the closure`,
      expected: "every path added",
      found: end.killed ? `the receiving nix-store was killed (${end.message}); ${words}` : words,
      at,
      fix:
        damaged === undefined
          ? "correct what the message says and run it again; what arrived is kept"
          : `the path is damaged in your own store; repair it, then push again: nix-store --repair-path ${damaged}`,
    },
    { cause: end },
  );
}
