// A process of its own: the server's logger would catch the tests' exceptions. Prints its port; ends when its input does.
import S3rver from "@20minutes/s3rver";

const [directory = "", address = "127.0.0.1"] = process.argv.slice(2);
const server = new S3rver({
  address,
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: "state", configs: [] }],
});
const { port } = await server.run();
console.log(port);
process.stdin.on("end", () => process.exit(0)).resume();
