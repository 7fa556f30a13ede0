# Turns the fresh namespaces it runs in into a host, then becomes that host's first process.
#
# The host sees this machine's files through an overlay whose upper layer is in memory, with its own /tmp, /run and /dev;
# only /root, /var/lib/docker and its logs are on disk, so those survive when the host is killed and booted again.
set -eu
name=$1 directory=$2 host_key=$3

mount -t tmpfs tmpfs "$directory/stage"
mkdir "$directory/stage/upper" "$directory/stage/work" "$directory/stage/root"
root=$directory/stage/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$directory/stage/upper,workdir=$directory/stage/work" "$root"

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/var/lib/docker" "$root/var/log/host"
mount --bind "$directory/root" "$root/root"
mount --bind "$directory/docker" "$root/var/lib/docker"
mount --bind "$directory/log" "$root/var/log/host"

mkdir -p "$root/etc/docker"
rm -rf "$root/etc/docker/certs.d" "$root/etc/docker/daemon.json"
cp -r "$directory/certs.d" "$root/etc/docker/certs.d"
install -m 600 "$host_key" "$root/etc/ssh/fleet_host_key"
mount -t tmpfs tmpfs "$root/var/tmp" # the fleet's own directory is no business of its hosts

hostname "$name"
cd "$root"
mkdir .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside

rm -f /usr/local/bin/docker /usr/local/bin/docker-* # Debian's engine comes with Debian's client
sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow        # sshd turns away accounts that are locked with a "!"
mkdir -p /run/sshd
cat > /etc/ssh/fleet_sshd_config <<'END'
Port 22
HostKey /etc/ssh/fleet_host_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxSessions 100
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp internal-sftp
END
cat > /usr/local/sbin/start-docker <<END
#!/bin/sh
rm -f /run/docker.pid
exec setsid dockerd --storage-driver=overlay2 --exec-opt=native.cgroupdriver=cgroupfs \
  --cgroup-parent=/sextant-fleet/$name </dev/null >>/var/log/host/dockerd.log 2>&1
END
chmod +x /usr/local/sbin/start-docker

start-docker &
exec docker-init -- /usr/sbin/sshd -D -f /etc/ssh/fleet_sshd_config -E /var/log/host/sshd.log
