/** One disk for a machine that starts by UEFI. The underscore keeps this file from being taken for a flake module. */
export function uefiDisk(device: string) {
  const content = { type: "filesystem", format: "vfat", mountpoint: "/boot" };
  return wholeDisk(device, { esp: { size: "512M", type: "EF00", content } });
}

/** One disk for a machine that starts by BIOS. */
export function biosDisk(device: string) {
  return wholeDisk(device, { bios: { size: "1M", type: "EF02" } });
}

function wholeDisk(device: string, first: object) {
  const root = { size: "100%", content: { type: "filesystem", format: "ext4", mountpoint: "/" } };
  const main = { type: "disk", device, content: { type: "gpt", partitions: { ...first, root } } };
  return { disko: { devices: { disk: { main } } } };
}
