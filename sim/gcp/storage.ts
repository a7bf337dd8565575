import { GoogleApiError } from "./errors.ts";
import { objectAt, textAt } from "./property-values.ts";
import { recordedResource } from "./recorded-resource.ts";

const api = "https://www.googleapis.com";

/** Type of an entry that is an object in a bucket; its bytes lie in a file beside the cloud's. */
export const objectType = "storage#object";

export function objectId(bucket: string, name: string): string {
  return `b/${bucket}/o/${name}`;
}

/** `gcp.storage.Bucket`. Source: Cloud Storage JSON API v1, buckets. */
export const bucket = recordedResource({
  token: "gcp:storage/bucket:Bucket",
  what: "bucket",
  computed: ["selfLink", "url", "projectNumber", "timeCreated"],
  replaceOn: ["name", "project", "location"],
  required: ["location"],
  idOf: (inputs) => textAt(inputs, "name") ?? "",
  outputsOf(inputs, id) {
    if (!/^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/.test(id))
      throw new GoogleApiError("Error creating bucket", 400, `Invalid bucket name: '${id}'`, "invalid");
    return {
      ...inputs,
      location: (textAt(inputs, "location") ?? "").toUpperCase(),
      selfLink: `${api}/storage/v1/b/${id}`,
      url: `gs://${id}`,
    };
  },
  refuseDelete(id, { resources }) {
    if (Object.keys(resources).some((other) => other.startsWith(objectId(id, ""))))
      throw new GoogleApiError(
        "Error deleting bucket",
        409,
        "The bucket you tried to delete is not empty.",
        "conflict",
      );
  },
});

/** `gcp.compute.Image`, of an archive in a bucket. Source: Compute Engine REST v1, images.insert. */
export const image = recordedResource({
  token: "gcp:compute/image:Image",
  what: "Image",
  computed: ["selfLink", "archiveSizeBytes", "creationTimestamp", "labelFingerprint"],
  replaceOn: ["name", "project", "rawDisk"],
  required: ["name"],
  idOf: (inputs) => `projects/${textAt(inputs, "project")}/global/images/${textAt(inputs, "name")}`,
  outputsOf(inputs, id, _number, { resources }) {
    const source = textAt(objectAt(inputs, "rawDisk"), "source") ?? "";
    const [, name = "", object = ""] = /^https:\/\/storage\.googleapis\.com\/([^/]+)\/(.+)$/.exec(source) ?? [];
    const stored = resources[objectId(name, object)];
    if (stored === undefined)
      throw new GoogleApiError("Error creating Image", 404, `The resource '${source}' was not found`, "notFound");
    if (!object.endsWith(".tar.gz"))
      throw new GoogleApiError("Error creating Image", 400, "The tar archive is not a valid image.", "invalid");
    return { ...inputs, archiveSizeBytes: Number(textAt(stored.outputs, "size")), selfLink: `${api}/compute/v1/${id}` };
  },
});
