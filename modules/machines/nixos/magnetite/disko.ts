import { flakeModule } from "pulumi-clan/author";
import { biosDisk } from "../_disks.ts";

export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/magnetite": biosDisk("/dev/sda") } } },
});
