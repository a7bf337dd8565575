import { clanFlakeModule, flakeModule } from "pulumi-clan/author";

export default flakeModule(({ inputs }) => ({
  imports: [clanFlakeModule],
  clan: { meta: { name: "small", domain: "zt" }, specialArgs: { dotfiles: inputs.dotfiles } },
}));
