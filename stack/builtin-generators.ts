import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { VarsMissingError } from "../clan/vars/errors.ts";
import type { GeneratedFiles, Generator } from "../clan/vars/write-vars.ts";
import { makeKeyPair } from "../deploy/ssh/key-pair.ts";

/**
 * The host key of a machine, under the names that clan's sshd service has.
 * Source: clan-core 26.05, `clanServices/sshd`: generator `openssh`.
 */
export function hostKey(machine: string): Generator {
  const make = (): Promise<GeneratedFiles> => {
    const { privateKey, publicKey } = makeKeyPair(`root@${machine}`);
    return Promise.resolve({
      "ssh.id_ed25519": { secret: true, content: privateKey },
      "ssh.id_ed25519.pub": { secret: false, content: `${publicKey}\n` },
    });
  };
  return { name: "openssh", make };
}

/** Letters and digits that nobody mistakes for each other; 24 of them are 137 bits. */
const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const passwordLength = 24;

/**
 * A password and its hash, under the names that clan's users service has.
 * Source: clan-core 26.05, `clanServices/users`: generator `user-password-<user>`.
 * @throws {VarsMissingError} no program of this machine makes such a hash.
 */
export function userPassword(user: string, signal: AbortSignal): Generator {
  const make = async (): Promise<GeneratedFiles> => {
    const password = Array.from({ length: passwordLength }, () => letters[randomInt(letters.length)]).join("");
    return {
      "user-password": { secret: true, content: password },
      "user-password-hash": { secret: true, content: await hashOf(password, signal) },
    };
  };
  return { name: `user-password-${user}`, make };
}

const hashDeadlineMs = 30_000;

/** crypt(5) by the first program that can; the password goes over its input. */
async function hashOf(password: string, signal: AbortSignal): Promise<string> {
  const programs = [
    ["mkpasswd", "--method=yescrypt", "--stdin"],
    ["openssl", "passwd", "-6", "-stdin"],
  ];
  const tried: string[] = [];
  for (const argv of programs) {
    const { code, stdout, stderr } = await run(argv, `${password}\n`, hashDeadlineMs, signal);
    const hash = stdout.trim();
    if (code === 0 && /^\$(?:y|6)\$\S+$/.test(hash)) return hash;
    tried.push(`${argv[0]}: ${stderr.trim().split("\n")[0] || `exit code ${code ?? "none"}`}`);
  }
  throw new VarsMissingError({
    summary: "the password's hash cannot be made here",
    expected: "mkpasswd, or openssl with `passwd -6`",
    found: tried.join("\n"),
    at: "PATH",
    fix: "install whois (Debian) or mkpasswd (nixpkgs), or generate on another machine",
  });
}

const commandDeadlineMs = 120_000;
/** A deployment takes 4 MiB of secrets together. */
const maxSecretLength = 2 ** 20;

/** A secret that a command prints. */
export interface CommandSecret {
  readonly generator: string;
  readonly file: string;
  /** For the shell. */
  readonly command: string;
}

/**
 * An identity file that a program makes, such as `zerotier-idtool generate`.
 * @throws {VarsMissingError} it failed, did not end within two minutes, or printed nothing or too much.
 */
export function byCommand(
  { generator, file, command }: CommandSecret,
  signal: AbortSignal,
  deadlineMs = commandDeadlineMs,
): Generator {
  const make = async (): Promise<GeneratedFiles> => {
    const { code, stdout, stderr } = await run(["/bin/sh", "-c", command], "", deadlineMs, signal);
    if (code === 0 && stdout !== "") return { [file]: { secret: true, content: stdout } };
    throw new VarsMissingError({
      summary: `${generator}/${file}: the command made no secret`,
      expected: "exit code 0 and the secret on its output",
      found: `exit code ${code ?? "none"}${stdout === "" ? ", no output" : ""}: ${stderr.trim().split("\n").at(-1) || "it said nothing"}`,
      at: command,
      fix: "run the command by hand",
    });
  };
  return { name: generator, make };
}

interface Ended {
  /** null: it was ended, or never began. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws the caller's reason, if that ended it. */
async function run(
  [program = "", ...args]: readonly string[],
  input: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const until = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal: until, killSignal: "SIGKILL" });
  child.stdin.on("error", () => undefined); // it may not read: how it ends says the rest
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    let [stdout, stderr] = ["", ""];
    const giveUp = (why: string): void => {
      child.kill("SIGKILL");
      // What it has started may live on, and hold these open.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ code: null, stdout: "", stderr: why });
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > maxSecretLength) giveUp(`more than ${maxSecretLength} characters of output`);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-2_000);
    });
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.once("error", (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (!until.aborted && !("code" in error && error.code === "ENOENT")) reject(error);
      giveUp(until.aborted ? `no end within ${deadlineMs / 1000} s` : "not there");
    });
  });
}
