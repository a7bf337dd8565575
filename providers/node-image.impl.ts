import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { storageAccess } from "../cloud/gcp/access.ts";
import { NodeImageError } from "../cloud/gcp/errors.ts";
import { storageApi } from "../cloud/gcp/storage-api.ts";
import { buildToplevel } from "../local-nix/build.ts";
import { traced } from "../trace.ts";
import { openEngineLog } from "./engine-log.ts";
import { interruptible } from "./interruption.ts";
import {
  type NodeImageInputs,
  type NodeImageOutputs,
  nodeImageInputsSchema,
  nodeImageOutputsSchema,
} from "./node-image-schema.ts";
import { configValue } from "./provider-config.ts";

/** For the upload of some GB over a slow line; the build has a deadline of its own. */
const uploadMs = 4 * 3600_000;

/** Another system is deployed to the VM that is there: nothing makes another image of it. */
export async function diff(_id: string, olds: unknown, { bucket }: NodeImageInputs): Promise<dynamic.DiffResult> {
  const known = nodeImageOutputsSchema.parse(olds);
  return known.bucket === bucket ? { changes: false } : { changes: true, replaces: ["bucket"] };
}

/** @throws {NixBuildError} @throws {NodeImageError} @throws {GcpApiError} */
export async function create(raw: NodeImageInputs): Promise<dynamic.CreateResult<NodeImageOutputs>> {
  const { machine, bucket, build, owner, reportTo } = nodeImageInputsSchema.parse(raw);
  using stop = interruptible();
  await using log = openEngineLog(reportTo);
  if (build === null) throw notPlanned(machine, bucket);
  const built = await buildToplevel(
    {
      machine: `${machine}.image`,
      drvPath: build.drvPath,
      toplevel: build.image,
      where: { kind: "local" },
      rootScope: [owner.project, owner.stack],
    },
    log.report,
    stop.signal,
  );
  const file = await archiveIn(machine, built);
  const object = `${machine}-${build.image.slice("/nix/store/".length).slice(0, 32)}.raw.tar.gz`;
  log.report({ level: "info", subject: machine, phase: "image", message: `sends ${file} to gs://${bucket}` });
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(uploadMs)]);
  const work = { kind: "phase", subject: machine, what: `send the image to gs://${bucket}` } as const;
  await traced(work, () => api().upload({ bucket, name: object }, file, signal));
  const source = `https://storage.googleapis.com/${bucket}/${object}`;
  return { id: `${bucket}/${object}`, outs: { ...raw, object, source } };
}

/** @throws {GcpApiError} */
export async function remove(_id: string, props: unknown): Promise<void> {
  const { bucket, object } = nodeImageOutputsSchema.parse(props);
  using stop = interruptible();
  await api().remove({ bucket, name: object }, AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]));
}

function api() {
  return storageApi(storageAccess({ config: configValue, env: process.env }));
}

/** nixpkgs names it after release and platform. */
async function archiveIn(machine: string, folder: string): Promise<string> {
  const archives = (await readdir(folder)).filter((name) => name.endsWith(".raw.tar.gz"));
  const [archive, ...others] = archives;
  if (archive !== undefined && others.length === 0) return join(folder, archive);
  throw new NodeImageError({
    summary: `${machine}: what its googleComputeImage builds is no image for Google's cloud`,
    expected: "one file *.raw.tar.gz",
    found: archives.join(", ") || "none",
    at: folder,
    fix: "take the module of nixpkgs as it is: nixos/modules/virtualisation/google-compute-image.nix",
  });
}

function notPlanned(machine: string, bucket: string): NodeImageError {
  return new NodeImageError({
    summary: `${machine}: the state lost its image, and has its VM`,
    expected: "an image in the state of the VM that booted from it",
    found: "none",
    at: `gs://${bucket}`,
    fix: `state the image that the VM has booted in nodes.${machine}.image: it counts for new VMs only`,
  });
}
