import type * as pulumi from "@pulumi/pulumi";

/**
 * The value of an output without the resources that it depends on; undefined: it is not known. Whoever takes the output itself
 * depends on those resources, and an update that leaves such a one untouched by --target fails where they are registered
 * after it ("Duplicate resource URN", seen with engine 3.250).
 */
export async function valueAlone<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  // Source: @pulumi/pulumi 3.270, output.js. An `apply` of what is not known is never called.
  if ((await Reflect.get(output, "isKnown")) !== true) return undefined;
  return new Promise<T>((resolve) => {
    output.apply((value) => {
      resolve(value);
    });
  });
}
