# What a loader entry's `init=` starts: activates this system and hands over to systemd. A simulated host starts it as
# its PID 1, so that a host that was only tested boots the old system; called by hand it only activates.
"$systemConfig/activate"
ln -sfn "$systemConfig" /run/booted-system
if [ "$$" = 1 ]; then
  exec /lib/systemd/systemd "$@"
fi
