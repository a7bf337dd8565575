import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { z } from "zod";
import { TemporaryFolder } from "../../../local-nix/support/temporary-folder.ts";

const messageSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});
const evaluated = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.object({ text: z.string(), exception: z.unknown().optional() }).optional(),
});

/** Chromium's program; undefined: this system has none. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "chromium")).find((path) => existsSync(path));
}

/** One page of a headless Chromium, spoken to over pipes (DevTools protocol, `--remote-debugging-pipe`). */
export class Browser implements AsyncDisposable {
  /** Everything that the page complained about, and all that it fetched beside itself. */
  readonly complaints: string[] = [];
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #profile: TemporaryFolder;
  readonly #waiting = new Map<number, (message: z.output<typeof messageSchema>) => void>();
  readonly #listeners = new Map<string, () => void>();
  #session: string | undefined;
  #next = 1;

  private constructor(child: ChildProcess, profile: TemporaryFolder) {
    this.#child = child;
    this.#profile = profile;
    const [, , , commands, answers] = child.stdio;
    if (!(commands instanceof Writable) || !(answers instanceof Readable)) throw new Error("chromium has no pipes");
    this.#commands = commands;
    let text = "";
    answers.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (text + chunk).split("\0");
      text = parts.pop() ?? "";
      for (const part of parts) this.#receive(messageSchema.parse(JSON.parse(part)));
    });
  }

  static async open(program: string): Promise<Browser> {
    const profile = await TemporaryFolder.make();
    // Tests run as root in namespaces of their own, where Chromium's sandbox cannot be made.
    const sandbox = ["--no-sandbox", "--disable-gpu"];
    // Hundreds of clicks in a millisecond are meant.
    const flags = [
      "--headless=new",
      "--remote-debugging-pipe",
      "--hide-scrollbars",
      "--disable-ipc-flooding-protection",
    ];
    const child = spawn(program, [...sandbox, ...flags, `--user-data-dir=${profile.path}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: { ...process.env, HOME: profile.path },
    });
    const browser = new Browser(child, profile);
    const { targetId } = z
      .object({ targetId: z.string() })
      .parse(await browser.send("Target.createTarget", { url: "about:blank" }));
    const attached = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = z.object({ sessionId: z.string() }).parse(attached).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = this.#next++;
    const answer = new Promise<z.output<typeof messageSchema>>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#commands.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { error, result } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Loads a file and waits until its scripts have run. */
  async load(file: string): Promise<void> {
    // A change of the fragment alone would load nothing.
    for (const url of ["about:blank", `file://${file}`]) {
      const loaded = new Promise<void>((resolve) => this.#listeners.set("Page.loadEventFired", resolve));
      await this.send("Page.navigate", { url });
      await loaded;
    }
  }

  /** The value of an expression in the page, as JSON. */
  async value<T extends z.ZodType>(expression: string, schema: T): Promise<z.output<T>> {
    const answer = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = evaluated.parse(answer);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return schema.parse(result.value);
  }

  /** Presses keys one after the other, as a keyboard does. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const text = key.length === 1 ? { text: key } : key === "Enter" ? { text: "\r" } : {};
      await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, ...text });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
    }
  }

  async size(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async colours(scheme: "light" | "dark"): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await ended;
    await this.#profile[Symbol.asyncDispose]();
  }

  #receive(message: z.output<typeof messageSchema>): void {
    const { id, method, params } = message;
    if (id !== undefined) {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
      return;
    }
    if (method === undefined) return;
    this.#listeners.get(method)?.();
    const asked = z.object({ request: z.object({ url: z.string() }) }).safeParse(params);
    if (method === "Network.requestWillBeSent" && asked.success) {
      const { url } = asked.data.request;
      if (!url.startsWith("file://") && url !== "about:blank") this.complaints.push(`fetched ${url}`);
    }
    if (["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"].includes(method))
      this.complaints.push(JSON.stringify(params));
  }
}
