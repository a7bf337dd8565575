import { z } from "zod";
import type { Report } from "../../report.ts";
import { composeScript, composeText } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";
import type { ExecResult } from "../ssh/ssh-host.ts";
import { SecretsError } from "./errors.ts";
import {
  type SecretFile,
  type StagedPaths,
  type StagedSecrets,
  secretTargetSchema,
  stagedSecretsSchema,
} from "./secret-source.ts";

/** How a step ended on the host. `failed`: the host is as before the step, or the next run takes it up. */
export type SecretsResult =
  | {
      readonly kind: "unchanged" | "staged" | "replaced" | "committed" | "restored" | "nothing";
      readonly note?: string;
    }
  | { readonly kind: "failed"; readonly reason: string };

const folder = "/nix/var/pulumi-clan/secrets";
/** On the host once secrets were staged: `/bin/sh <this> replace|commit|restore`, for whoever must act without a connection. */
export const secretsProgram = `${folder}/phase.sh`;
/** There from the first replacement until commit or restore: a rollback must restore, a commit must commit. */
export const openSecretsFolder = `${folder}/open`;

const file = new URL("./scripts/secrets.sh", import.meta.url);
const deadlineSeconds = 120;
/** All secrets of one machine together; keys and passwords are small, and a shell reads them byte by byte. */
const maxTotalBytes = 4 * 1024 * 1024;

/** Whether a host has these secrets as they were committed there: nothing would be sent. Changes nothing. */
export async function hasSecrets(shell: RootShell, digest: string, signal: AbortSignal): Promise<boolean> {
  const script = composeScript("secrets look", [file], ["look", digest]);
  const { kind } = await step(shell, (scope) => shell.exec(script, { deadlineSeconds }, scope), signal);
  return kind === "unchanged";
}

/**
 * Brings the secrets to the host and proves them; replaces nothing yet. `unchanged`: what the last commit left is still
 * there, the other steps answer `nothing`. The content is read only when the host lacks it.
 * @throws {SecretsError} for targets that make no sense, before anything is sent
 */
export async function stageSecrets(
  shell: RootShell,
  secrets: StagedSecrets,
  report: Report,
  signal: AbortSignal,
): Promise<SecretsResult> {
  const files = checkedFiles(shell, secrets);
  const script = composeScript("secrets", [file], ["prepare", secrets.digest, composeText([file])]);
  const prepared = await step(shell, (scope) => shell.exec(script, { deadlineSeconds }, scope), signal);
  const result = prepared.kind === "needed" ? await send(shell, secrets.digest, files, signal) : known(prepared);
  if (result.kind === "failed") return result;
  const proof = await prove(shell, secrets, files, result.kind === "unchanged", signal);
  const message = proof === undefined ? `${result.kind}: ${files.length} files` : proof.reason;
  report({ level: proof === undefined ? "info" : "warning", subject: shell.machine, phase: "secrets", message });
  if (proof === undefined) return result;
  await act(shell, "discard", signal);
  return proof;
}

/** Just before `test`: identities first, then the files one by one. After a failure on the way the previous ones are back. */
export function replaceSecrets(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult> {
  return reported(shell, "replace", report, signal);
}

/** After the system's commit: previous identities, previous files and what is no longer declared are removed. */
export function commitSecrets(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult> {
  return reported(shell, "commit", report, signal);
}

/** For a rollback, before the previous system is activated again; also when nothing was replaced yet. */
export function restoreSecrets(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult> {
  return reported(shell, "restore", report, signal);
}

async function reported(
  shell: RootShell,
  action: "replace" | "commit" | "restore",
  report: Report,
  signal: AbortSignal,
): Promise<SecretsResult> {
  const result = await act(shell, action, signal);
  if (result.kind === "nothing") return result;
  const words = result.kind === "failed" ? result.reason : [result.kind, result.note].filter(Boolean).join(": ");
  const level = result.kind === "failed" || result.note !== undefined ? "warning" : "info";
  report({ level, subject: shell.machine, phase: "secrets", message: words });
  return result;
}

async function act(
  shell: RootShell,
  action: "replace" | "commit" | "restore" | "discard",
  signal: AbortSignal,
): Promise<SecretsResult> {
  const script = composeScript(`secrets ${action}`, [file], [action]);
  return known(await step(shell, (scope) => shell.exec(script, { deadlineSeconds }, scope), signal));
}

interface CheckedFile extends z.output<typeof secretTargetSchema> {
  readonly kind: "i" | "f" | "k";
  read(): Promise<Uint8Array>;
}

function checkedFiles(shell: RootShell, secrets: StagedSecrets): readonly CheckedFile[] {
  const parsed = stagedSecretsSchema.safeParse(secrets);
  if (!parsed.success) throw noSense(shell, z.prettifyError(parsed.error));
  const checked =
    (kind: CheckedFile["kind"]) =>
    (given: SecretFile): CheckedFile => {
      const { path, mode, owner, group } = given;
      const target = secretTargetSchema.parse(JSON.parse(JSON.stringify({ path, mode, owner, group })));
      return { ...target, kind, read: () => given.read() };
    };
  const files = [
    ...secrets.identities.map(checked("i")),
    ...secrets.files.map(checked("f")),
    ...(secrets.userIdentities ?? []).map(checked("k")),
  ];
  const twice = files.find(({ path }, index) => files.findIndex((other) => other.path === path) !== index);
  if (twice !== undefined) throw noSense(shell, `${twice.path} twice`);
  return files;
}

async function send(
  shell: RootShell,
  digest: string,
  files: readonly CheckedFile[],
  signal: AbortSignal,
): Promise<SecretsResult> {
  let total = 0;
  const lines: string[] = [];
  for (const { kind, mode, owner, group, path, read } of files) {
    const content = await read();
    total += content.byteLength;
    if (total > maxTotalBytes) throw noSense(shell, `more than ${maxTotalBytes} bytes`);
    if (kind !== "f" && content.byteLength === 0) throw noSense(shell, `${path} would hold no identity`);
    lines.push(["file", kind, mode, owner, group, path, Buffer.from(content).toString("base64") || "-"].join(" "));
  }
  const stdin = `${lines.join("\n")}${lines.length > 0 ? "\n" : ""}end ${lines.length}\n`;
  // By its name, not as a script: the input is taken by what is secret.
  const command = ["/bin/sh", secretsProgram, "receive", digest];
  return known(await step(shell, (scope) => shell.exec(command, { stdin, deadlineSeconds }, scope), signal));
}

async function prove(
  shell: RootShell,
  secrets: StagedSecrets,
  files: readonly CheckedFile[],
  isInstalled: boolean,
  signal: AbortSignal,
): Promise<{ readonly kind: "failed"; readonly reason: string } | undefined> {
  const staged: StagedPaths = {
    folder: `${folder}/staged`,
    of: (target) => {
      const index = files.findIndex(({ path }) => path === target);
      if (index < 0) throw noSense(shell, `${target} asked for, which is not staged`);
      return isInstalled ? target : `${folder}/staged/new/${index + 1}`;
    },
  };
  const proof = secrets.proveOpenable?.(staged);
  if (proof === undefined) return undefined;
  const options = { deadlineSeconds: proof.deadlineSeconds ?? deadlineSeconds };
  const { code, stdout, stderr } = await shell.exec(proof.command, options, signal);
  if (code === 0) return undefined;
  const words = lastLine(stderr) || lastLine(stdout) || `exit code ${code ?? "none"}`;
  return { kind: "failed", reason: `the staged identities do not open the new system's secrets: ${words}` };
}

const answerSchema = z.tuple([
  z.literal("result"),
  z.enum(["unchanged", "needed", "staged", "replaced", "committed", "restored", "nothing", "failed"]),
  z.string().max(600),
]);
type Answer = { readonly kind: z.output<typeof answerSchema>[1]; readonly words: string };

async function step(
  _shell: RootShell,
  run: (signal: AbortSignal) => Promise<ExecResult>,
  signal: AbortSignal,
): Promise<Answer> {
  const { code, stdout, stderr } = await run(signal);
  const parsed = answerSchema.safeParse(stdout.replace(/\n+$/, "").split("\n").at(-1)?.split("\t"));
  // stderr holds words of mv, cp and chmod about paths: no content.
  const complaint = lastLine(stderr);
  if (!parsed.success) {
    return {
      kind: "failed",
      words: `the host's shell ended with ${code ?? "a signal"}: ${complaint || "without a word"}`,
    };
  }
  const [, kind, words] = parsed.data;
  return { kind, words: kind === "failed" && complaint !== "" ? `${words} (${complaint})` : words };
}

function known({ kind, words }: Answer): SecretsResult {
  if (kind === "failed" || kind === "needed") return { kind: "failed", reason: words || "unknown" };
  return words === "" ? { kind } : { kind, note: words.trim() };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "";
}

function noSense(shell: RootShell, found: string): SecretsError {
  return new SecretsError({
    summary: `${shell.machine}: its secrets cannot be brought to the host`,
    expected: "a digest, and files with absolute paths, each once, modes like 0400, 4 MiB together",
    found,
    at: "the machine's secret source",
    fix: "correct what the source gives",
  });
}
