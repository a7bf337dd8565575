# The lock of deployments, where there can be any; elsewhere there is no such folder, and the system is not to be changed:
# then in memory. An installer has only that: its lock is another one than that of the system before it.
if [ ! -e /etc/NIXOS ] && [ ! -d "$state" ]; then state=/run/pulumi-clan; fi
