# What `pkgs.stdenv.hostPlatform` says of a system such as "aarch64-darwin".
system:
let
  parts = builtins.match "([^-]+)-([^-]+)" system;
  cpu = builtins.elemAt parts 0;
  kernel = builtins.elemAt parts 1;
in
if parts == null then
  throw "`${system}' is no platform: expected e.g. \"x86_64-linux\""
else
  {
    inherit system;
    config = "${cpu}-unknown-${kernel}";
    isDarwin = kernel == "darwin";
    isLinux = kernel == "linux";
    isUnix = true;
    isx86_64 = cpu == "x86_64";
    isAarch64 = cpu == "aarch64";
    is64bit = true;
    parsed = {
      cpu.name = cpu;
      kernel.name = kernel;
    };
    __toString = self: self.system;
  }
