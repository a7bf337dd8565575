/**
 * How zod goes about so many values of a schema. Before an object's first value it compiles the schema into JavaScript, in
 * which time it could have looked at fifty without; a fleet of ten machines has a dozen schemas.
 * Source: zod 4.6, `v4/core/schemas.js`, $ZodObjectJIT.
 */
export function schemaUse(values: number): { readonly jitless: boolean } {
  return { jitless: values < 50 };
}
