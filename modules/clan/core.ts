import { clanFlakeModule, flakeModule } from "pulumi-clan/author";

/** Brings clan's options into the fleet: without this import there is no `clan`, and the fleet is plain flake-parts. */
export default flakeModule({
  imports: [clanFlakeModule],
  clan: {
    meta: {
      name: "minerals",
      description: "cloud hosts and laptops of a small lab",
      domain: "zt",
    },
  },
});
