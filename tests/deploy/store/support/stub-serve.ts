import assert from "node:assert/strict";
import type { ServerChannel } from "ssh2";
import {
  type Decoder,
  decodeLine,
  decodeString,
  decodeStrings,
  decodeU64,
  encodeStrings,
  encodeU64,
} from "../../../../deploy/store/wire.ts";
import { WireReader } from "../../../../deploy/store/wire-reader.ts";

export interface StubOptions {
  /** Called for every path that was received whole, before it is answered; false: the receiver ends here, without an answer; `stall`: it reads and says nothing more. */
  readonly onAdd?: (
    path: string,
    count: number,
  ) => boolean | "stall" | { readonly stderr: string; readonly code: number };
  readonly version?: number;
}

/** A host's `nix-store --serve --write` of the test's own: it keeps names, no contents, and refuses what comes too early. */
export class StubServe {
  readonly valid = new Set<string>();
  /** In the order of arrival; a path that was sent twice is there twice. */
  readonly received: string[] = [];
  readonly #options: StubOptions;

  constructor(options: StubOptions = {}) {
    this.#options = options;
  }

  /**
   * Serves one channel to its end.
   * @param before - reads what comes before the protocol.
   */
  async serve(channel: ServerChannel, before: "script" | "lane" | "nothing", facts = ""): Promise<void> {
    const end = (code: number): void => {
      channel.exit(code);
      channel.end();
    };
    const scope = new AbortController();
    channel.once("close", () => scope.abort(new Error("the client left")));
    const reader = new WireReader(channel);
    const read = <T>(decode: Decoder<T>): Promise<T | undefined> => reader.read(decode, scope.signal);
    if (before === "script") {
      await read(scriptEnd);
      channel.write(`${facts}valid\tno\n`);
    }
    if (before === "lane") assert.equal(await read(decodeLine(100)), "plain");
    // A client that has asked enough leaves without a greeting.
    if ((await read(decodeU64(2 ** 32))) === undefined) return end(0);
    await read(decodeU64(0xffff));
    channel.write(Buffer.concat([encodeU64(0x5452eecb), encodeU64(this.#options.version ?? 0x207)]));
    for (;;) {
      const command = await read(decodeU64(100));
      if (command === undefined) return end(0);
      if (command === 1) {
        await read(decodeU64(1));
        await read(decodeU64(1));
        const asked = (await read(decodeStrings(1e6, 4096))) ?? [];
        channel.write(encodeStrings(asked.filter((path) => this.valid.has(path))));
        continue;
      }
      const added = await this.#add(read);
      if (added === "stall") return void channel.pause();
      if (added !== true) {
        if (added !== false) channel.stderr.write(`${added.stderr}\n`);
        return added === false ? void channel.close() : end(added.code);
      }
      channel.write(encodeU64(1));
    }
  }

  async #add(read: <T>(decode: Decoder<T>) => Promise<T | undefined>) {
    const path = (await read(decodeString(4096))) ?? "";
    await read(decodeString(4096));
    await read(decodeString(64));
    const references = (await read(decodeStrings(1e6, 4096))) ?? [];
    await read(decodeU64(2 ** 48));
    const narSize = (await read(decodeU64(2 ** 40))) ?? 0;
    await read(decodeU64(1));
    await read(decodeStrings(100, 4096));
    await read(decodeString(4096));
    await read(rawBytes(narSize));
    this.received.push(path);
    const missing = references.filter((reference) => reference !== path && !this.valid.has(reference));
    if (missing.length > 0) return { stderr: `error: path '${missing[0]}' is not valid`, code: 1 };
    const verdict = this.#options.onAdd?.(path, this.received.length) ?? true;
    if (verdict === true) this.valid.add(path);
    return verdict;
  }
}

/** Our scripts are one compound command, whose last lines these are. */
const scriptEnd: Decoder<true> = (wire, offset) => {
  const end = Buffer.from(wire.subarray(offset)).indexOf("\nexit\n}\n");
  return end < 0 ? undefined : { value: true, next: offset + end + "\nexit\n}\n".length };
};

function rawBytes(length: number): Decoder<Uint8Array> {
  return (wire, offset) =>
    wire.length < offset + length
      ? undefined
      : { value: wire.subarray(offset, offset + length), next: offset + length };
}
