# What the fleet's checks want to know of one machine's configuration. A part that is missing or throws is null or empty; an
# error that Nix cannot catch is the machine's own. No secret is among it, only whether one is stated in plain text.
{ class, packages }:
configuration:
let
  inherit (builtins)
    any
    attrNames
    attrValues
    concatLists
    concatMap
    filter
    isAttrs
    isBool
    isInt
    isList
    isString
    length
    mapAttrs
    match
    tryEval
    ;

  attempt =
    fallback: value:
    let
      found = tryEval (builtins.deepSeq value value);
    in
    if found.success then found.value else fallback;
  # Only the outermost layer: a set of options holds thousands that nobody asked for.
  set =
    value:
    let
      found = tryEval value;
    in
    if found.success && isAttrs found.value then found.value else { };
  bool = fallback: value: let found = attempt fallback value; in if isBool found then found else fallback;
  int = value: let found = attempt null value; in if isInt found then found else null;
  list = value: let found = attempt [ ] value; in if isList found then found else [ ];
  texts = value: map builtins.unsafeDiscardStringContext (filter isString (list value));
  text =
    value:
    let
      found = attempt null value;
    in
    if isString found then builtins.unsafeDiscardStringContext found else null;
  ints = value: filter isInt (list value);
  isSet = value: let found = attempt null value; in found != null && found != "";
  # Names of a set's elements that are switched on.
  enabled = sets: filter (name: bool false ((set sets.${name}).enable or false)) (attrNames sets);

  inherit (configuration) config;
  nixos = class == "nixos";
  services = set (config.services or { });
  networking = set (config.networking or { });
  boot = set (config.boot or { });
  security = set (config.security or { });
  accounts = set ((set (config.users or { })).users or { });

  openssh = set (services.openssh or { });
  settings = set (openssh.settings or { });
  keyFiles = texts (openssh.authorizedKeysFiles or [ ]);
  ssh = {
    enable = bool false (openssh.enable or false);
    ports = ints (openssh.ports or [ 22 ]);
    permitRootLogin = text (settings.PermitRootLogin or null);
    passwords = bool true (settings.PasswordAuthentication or true);
    allowUsers = let found = attempt null (settings.AllowUsers or null); in if isList found then texts found else null;
    allowGroups = let found = attempt null (settings.AllowGroups or null); in if isList found then texts found else null;
    denyUsers = texts (settings.DenyUsers or [ ]);
    otherKeys =
      isSet (settings.TrustedUserCAKeys or null)
      || !(builtins.elem (attempt "none" (openssh.authorizedKeysCommand or "none")) [ "none" "" null ]);
    # On its own port; nixpkgs adds it to allowedTCPPorts.
    opensFirewall = bool true (openssh.openFirewall or true);
    keysInHome = any (file: match "(%h/)?\\.ssh/authorized_keys2?.*" file != null) keyFiles;
  };

  range = stated: { from = int (stated.from or null); to = int (stated.to or null); };
  ports = stated: {
    ports = ints (stated.allowedTCPPorts or [ ]);
    ranges = filter ({ from, to }: from != null && to != null) (map range (list (stated.allowedTCPPortRanges or [ ])));
  };
  wall = set (networking.firewall or { });
  firewall = ports wall // {
    enable = bool true (wall.enable or true);
    trusted = texts (wall.trustedInterfaces or [ ]);
    interfaces = mapAttrs (_: stated: ports (set stated)) (set (wall.interfaces or { }));
    custom = any isSet [
      (wall.extraCommands or null)
      (wall.extraInputRules or null)
      (wall.checkReversePathRules or null)
    ];
  };

  keysOf =
    user:
    let
      stated = set ((set (user.openssh or { })).authorizedKeys or { });
    in
    length (list (stated.keys or [ ])) + length (attempt [ ] (map toString (stated.keyFiles or [ ])));
  plainPasswords = [ "password" "initialPassword" ];
  hashedPasswords = [ "hashedPassword" "hashedPasswordFile" "initialHashedPassword" "passwordFile" ];
  # "!" and "*" are no hash of any password. Source: shadow(5).
  hashes = value: isSet value && match "[!*].*" (text value) == null;
  account = _: stated: let user = set stated; in {
    uid = int (user.uid or null);
    normal = bool false (user.isNormalUser or false);
    keys = keysOf user;
    password =
      if any (name: isSet (user.${name} or null)) plainPasswords then
        "plain"
      else if any (name: hashes (user.${name} or null)) hashedPasswords then
        "hashed"
      else
        "none";
    groups = texts (user.extraGroups or [ ]) ++ (if isSet (user.group or null) then [ (text user.group) ] else [ ]);
  };

  rule = stated: {
    users = texts (stated.users or [ ]);
    groups = texts (stated.groups or [ ]);
  };
  sudo = set (security.sudo or { });
  sudoRs = set (security.sudo-rs or { });

  loader = set (boot.loader or { });
  # grub, systemd-boot, generic-extlinux-compatible, limine, … each have `enable`. Source: nixpkgs 25.05, nixos/modules/system/boot/loader.
  loaders =
    filter (name: name != "timeout" && name != "efi") (enabled loader)
    ++ (if bool false ((set (boot.lanzaboote or { })).enable or false) then [ "lanzaboote" ] else [ ]);
  knowsLoaders = any (name: set (attempt null loader.${name}) ? enable) (attrNames loader);
  fileSystem = _: stated: let it = set stated; in {
    device = text (it.device or null);
    fsType = text (it.fsType or null);
  };
  initrd = set (boot.initrd or { });
  # A list, since nixpkgs 25.11 perhaps a set of switches.
  modules =
    value:
    let
      found = attempt [ ] value;
    in
    if isAttrs found then filter (name: found.${name} == true) (attrNames found) else texts found;

  # Options of other deployers.
  watched = [ "system.autoUpgrade" ] ++ map (name: "services.${name}") [ "comin" "cachix-agent" "pull-deploy" "npins-auto-upgrade" ];
  deployers = filter (
    name: bool false ((builtins.foldl' (options: part: set (options.${part} or { })) config (pathsOf name)).enable or false)
  ) watched;

  interfacesIn = tool: mapAttrs (_: set) (set ((set (networking.${tool} or { })).interfaces or { }));
  wireguard = interfacesIn "wireguard";
  wgQuick = interfacesIn "wg-quick";
  wireless = mapAttrs (_: set) (set ((set (networking.wireless or { })).networks or { }));
  stating = path: option: sets: map (name: "${path}.${name}.${option}") (filter (name: isSet (sets.${name}.${option} or null)) (attrNames sets));
  plaintext = concatLists [
    (concatMap (option: stating "users.users" option (mapAttrs (_: set) accounts)) plainPasswords)
    (stating "networking.wireguard.interfaces" "privateKey" wireguard)
    (stating "networking.wg-quick.interfaces" "privateKey" wgQuick)
    (stating "networking.wireless.networks" "psk" wireless)
    (stating "services" "token" { k3s = set (services.k3s or { }); })
  ];

  static = mapAttrs (_: set) (set (networking.interfaces or { }));
  addressesOf =
    interface: stated:
    map (address: { inherit interface address; }) (
      concatMap (version: filter isString (map (one: text (one.address or null)) (list ((set (stated.${version} or { })).addresses or [ ])))) [ "ipv4" "ipv6" ]
    );
  tunnel = option: interface: stated: map (address: { inherit interface address; }) (texts (stated.${option} or [ ]));
  each = give: sets: concatLists (map (name: give name sets.${name}) (attrNames sets));

  home = set (config.home-manager or { });
  homes = attrNames (set (home.users or { }));

  file = _: stated: let it = set stated; in {
    secret = bool true (it.secret or true);
    deploy = bool true (it.deploy or true);
    owner = text (it.owner or null);
    group = text (it.group or null);
    mode = text (it.mode or null);
    neededFor = text (it.neededFor or null);
    path = text (it.path or null);
  };
  generator = _: stated: let it = set stated; in {
    share = bool false (it.share or false);
    validationHash = text (it.validationHash or null);
    dependencies = texts (it.dependencies or [ ]);
    files = mapAttrs file (set (it.files or { }));
  };
  clanCore = set ((set (config.clan or { })).core or { });
  vars = set (clanCore.vars or { });
  sopsOf = stated: set (stated.sops or { });
  ageOf = stated: set ((sopsOf stated).age or { });
  homeSecrets = _: stated: let it = set stated; in {
    keyFile = text ((ageOf it).keyFile or null);
    secrets = attrNames (set ((sopsOf it).secrets or { }));
  };
  secrets = {
    secretStore = text ((set (vars.settings or { })).secretStore or null);
    uploadDirectory = text ((set (vars.sops or { })).secretUploadDirectory or null);
    ageLocation = text ((set (vars.age or { })).secretLocation or null);
    defaultGroups = texts ((set (clanCore.sops or { })).defaultGroups or [ ]);
    keyFile = text ((ageOf config).keyFile or null);
    sshKeyPaths = texts ((ageOf config).sshKeyPaths or [ ]);
    sopsSecrets = attrNames (set ((sopsOf config).secrets or { }));
    homes = mapAttrs homeSecrets (set (home.users or { }));
  };

  # Files that state an option, as the module system has them: those of inputs are among them.
  options = set (configuration.options or { });
  below = path: builtins.foldl' (options: name: set (options.${name} or { })) options path;
  statedIn = path: texts ((below path).files or [ ]);
  pathsOf = text: filter isString (builtins.split "\\." text);
  loaderSwitches = map (name: "boot.loader.${name}.enable") (attrNames (below [ "boot" "loader" ]));
  located = loaderSwitches ++ map (name: "${name}.enable") watched ++ [
    "boot.initrd.availableKernelModules"
    "fileSystems"
    "home-manager.useGlobalPkgs"
    "networking.firewall.allowedTCPPorts"
    "networking.hostId"
    "networking.hostName"
    "networking.interfaces"
    "networking.wg-quick.interfaces"
    "networking.wireguard.interfaces"
    "networking.wireless.networks"
    "nixpkgs.hostPlatform"
    "nixpkgs.overlays"
    "services.k3s.token"
    "services.openssh.enable"
    "services.openssh.ports"
    "services.openssh.settings"
    "system.stateVersion"
    "users.users"
  ];

  platform = (set (config.nixpkgs or { })).hostPlatform or null;
  priority = (below [ "system" "stateVersion" ]).highestPrio or null;
in
{
  hostName = text (networking.hostName or null);
  hostPlatform =
    let
      ofPackages = text (((set (configuration.pkgs or { })).stdenv or { }).hostPlatform.system or null);
    in
    if ofPackages != null then ofPackages else if isAttrs (attempt null platform) then text (platform.system or null) else text platform;
  hostId = text (networking.hostId or null);
  # The option's own default has priority 1500. Source: nixpkgs, lib/modules.nix, mkOptionDefault.
  stateVersionStated =
    if int priority != null then priority < 1500 else if isSet ((set (config.system or { })).stateVersion or null) then true else null;
  stateVersion = if nixos then text ((set (config.system or { })).stateVersion or null) else null;
  targetHost = text (((set ((set (config.clan or { })).core or { })).networking or { }).targetHost or null);
  container = bool false (boot.isContainer or false) || bool false ((set (config.wsl or { })).enable or false);
  ssh = if nixos && services ? openssh then ssh else null;
  firewall = if nixos && networking ? firewall then firewall else null;
  users = if accounts == { } then null else mapAttrs account accounts;
  mutableUsers = if nixos then bool true ((set (config.users or { })).mutableUsers or true) else true;
  sudo =
    if nixos && (security ? sudo || security ? sudo-rs) then
      {
        enable = bool true (sudo.enable or true) || bool false (sudoRs.enable or false);
        rules = map rule (list (sudo.extraRules or [ ]) ++ list (sudoRs.extraRules or [ ]));
      }
    else
      null;
  loaders = if nixos && knowsLoaders then loaders else null;
  grubForEfi =
    let
      grub = set (loader.grub or { });
    in
    if nixos && bool false (grub.enable or false) then bool false (grub.efiSupport or false) else null;
  fileSystems = if nixos && config ? fileSystems then mapAttrs fileSystem (set config.fileSystems) else null;
  initrdModules =
    if nixos && boot ? initrd then modules (initrd.availableKernelModules or [ ]) ++ modules (initrd.kernelModules or [ ]) else null;
  inherit deployers plaintext secrets;
  addresses = each addressesOf static ++ each (tunnel "ips") wireguard ++ each (tunnel "address") wgQuick;
  missingPackages = if configuration ? pkgs then filter (name: !(configuration.pkgs ? ${name})) packages else null;
  homesApart = if homes != [ ] && !(bool false (home.useGlobalPkgs or false)) then homes else [ ];
  generators = if vars ? generators then mapAttrs generator (set vars.generators) else null;
  definedIn = builtins.listToAttrs (
    filter ({ value, ... }: value != [ ]) (map (name: { inherit name; value = statedIn (pathsOf name); }) located)
  );
}
