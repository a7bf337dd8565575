import { z } from "zod";
import { stackConfigSchema } from "./stack-config-schema.ts";

/** What a text of the file may be instead: `pulumi config set --secret` writes it, at any depth. */
const secret = {
  type: "object",
  properties: { secure: { type: "string" } },
  required: ["secure"],
  additionalProperties: false,
  description: "Encrypted by `pulumi config set --secret`.",
} as const;

/** JSON Schema, of which only the keys are named that are looked at. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The JSON Schema (draft 7, which editors know) of `Pulumi.<stack>.yaml`: ours below `pulumi-clan:`, where every key must be
 * known; Pulumi's own keys and those of other packages as they are.
 * Source of Pulumi's keys: pulumi 3.250, sdk/go/common/workspace/project.go, `ProjectStack`.
 */
export function stackFileSchema(): JsonSchema {
  const own = Object.entries(stackConfigProperties());
  const names = own.map(([key]) => key).join("|");
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Pulumi.<stack>.yaml of a fleet",
    definitions: { secret },
    type: "object",
    properties: {
      config: {
        type: ["object", "null"],
        description: "Keys of pulumi-clan, and those of other packages.",
        properties: Object.fromEntries(own.map(([key, property]) => [`pulumi-clan:${key}`, orAsText(property)])),
        patternProperties: { [`^pulumi-clan:(?!(${names})$)`]: false },
      },
      secretsprovider: { type: "string", description: "Who encrypts the stack's secrets. Default: a passphrase." },
      encryptionsalt: { type: "string", description: "Written by Pulumi: proves a passphrase to be the right one." },
      encryptedkey: { type: "string", description: "Written by Pulumi: the key, encrypted by the secrets provider." },
      environment: { description: "Environments of Pulumi ESC; only with Pulumi Cloud." },
    },
    additionalProperties: false,
  };
}

/** `pulumi config set` writes numbers and booleans of the first level as text. */
function orAsText(property: JsonSchema): JsonSchema {
  const { description, ...bare } = property;
  const pattern = bare.type === "boolean" ? "^(true|false)$" : bare.type === "integer" ? "^[0-9]+$" : undefined;
  if (pattern === undefined) return property;
  return { ...(description === undefined ? {} : { description }), anyOf: [bare, { type: "string", pattern }] };
}

/** Each key of `pulumi-clan:` with its JSON Schema. */
export function stackConfigProperties(): Readonly<Record<string, JsonSchema>> {
  const document = z.toJSONSchema(stackConfigSchema, {
    target: "draft-7",
    io: "input",
    // A node's power is prepared before it is checked: it states itself what it takes.
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      delete jsonSchema.propertyNames; // of every map: any text
      if (jsonSchema.type !== "string" || jsonSchema.enum !== undefined) return;
      const { description, ...text } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      const either = { anyOf: [text, { $ref: "#/definitions/secret" }] };
      Object.assign(jsonSchema, description === undefined ? either : { description, ...either });
    },
  });
  return Object.fromEntries(
    Object.entries(document.properties ?? {}).filter((entry): entry is [string, JsonSchema] => entry[1] !== true),
  );
}
