#!/bin/bash
# Installs the Debian packages that the tests in this folder need. None of them is started as a service of this machine.
set -euo pipefail

PACKAGES=(
  iproute2 ethtool iputils-ping traceroute udhcpc bind9-dnsutils curl wget openssl netcat-openbsd nmap
  nginx-light unbound vpcs bsdutils tshark
  knot-dnsutils dnsperf bind9 bind9-utils nsd
)

if [ "$(id -u)" != 0 ]; then
  echo "make interop needs root, to install packages and to make network namespaces: sudo make interop" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "make interop installs packages of Debian 12, and here is no apt-get. It needs: ${PACKAGES[*]}" >&2
  exit 1
fi

missing=()
for package in "${PACKAGES[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# Debian starts what it installs, and nginx or unbound may be the last that somebody wants on this machine's ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
