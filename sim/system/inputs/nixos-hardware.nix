# Profiles of nixos-hardware, by their names there: known, and empty.
{ lib }:
lib.genAttrs [
  "apple-macbook-pro"
  "apple-macbook-pro-14-1"
  "apple-t2"
  "common-cpu-amd"
  "common-cpu-intel"
  "common-gpu-nvidia"
  "common-pc"
  "common-pc-laptop"
  "common-pc-laptop-ssd"
  "common-pc-ssd"
  "framework-13-7040-amd"
  "lenovo-thinkpad-x1"
] (name: {
  _file = "<nixos-hardware/${name}>";
  key = "<nixos-hardware/${name}>";
})
