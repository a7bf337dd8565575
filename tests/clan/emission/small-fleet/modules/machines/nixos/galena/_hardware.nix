{ lib, ... }:
{
  boot.kernelParams = lib.mkAfter [ "console=ttyS0" ];
}
