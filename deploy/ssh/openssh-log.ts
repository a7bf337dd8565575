/** Why an end was not reached, as far as ssh's log tells. */
export type Failure =
  | { readonly kind: "host-key"; readonly because?: string }
  | { readonly kind: "authentication" }
  | { readonly kind: "too-old"; readonly said: string }
  | { readonly kind: "unreachable"; readonly reason: string };

/** Whether the log's client got in. Source: sshconnect2.c of OpenSSH 9.2 (`Authenticated to …`; with mux `Authenticated to … using`). */
export function isAuthenticated(log: string): boolean {
  return /^Authenticated to /m.test(log) || /^debug1: Authentication succeeded/m.test(log);
}

/** Reads the log of one client that did not get in. Source: messages of OpenSSH 8.5 to 9.9, sshconnect.c, sshconnect2.c, readconf.c. */
export function readFailure(log: string): Failure {
  const lines = wordsOf(log);
  const old = lines.find((line) => /Bad configuration option|Unsupported option/i.test(line));
  if (old !== undefined) return { kind: "too-old", said: old };
  const certificate = lines.find((line) =>
    /^Certificate (?:invalid|has)|^Host certificate|not a listed principal/i.test(line),
  );
  const revoked = lines.some((line) => /REVOKED HOST KEY|is marked as revoked/i.test(line)) ? "revoked" : undefined;
  const because = revoked ?? certificate;
  const refused =
    /Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for .* strict checking|no matching host key type/i;
  if (because !== undefined || lines.some((line) => refused.test(line)))
    return because === undefined ? { kind: "host-key" } : { kind: "host-key", because };
  if (
    lines.some((line) =>
      /Permission denied \(|Too many authentication failures|No more authentication methods/i.test(line),
    )
  )
    return { kind: "authentication" };
  return { kind: "unreachable", reason: lastWord(log) ?? "ssh said nothing" };
}

/** The last line that is meant for people. */
export function lastWord(log: string): string | undefined {
  return wordsOf(log).at(-1);
}

function wordsOf(log: string): string[] {
  return log
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(
      (line) => line !== "" && !/^debug\d:|^OpenSSH_|^Authenticated to |^Transferred: |^Bytes per second/.test(line),
    );
}
