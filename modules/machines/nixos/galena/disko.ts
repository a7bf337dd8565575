import { flakeModule } from "pulumi-clan/author";
import { uefiDisk } from "../_disks.ts";

export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/galena": uefiDisk("/dev/sda") } } },
});
