#!/bin/bash
# Installs the programs of others that the tests in this folder use: curl and wget, and a Chromium with what manages its
# certificates. Where they are there already nothing is done, and nothing but Debian is installed on.
set -euo pipefail

missing=()
command -v curl >/dev/null || missing+=(curl)
command -v wget >/dev/null || missing+=(wget)
command -v certutil >/dev/null || missing+=(libnss3-tools)
command -v chromium >/dev/null || missing+=(chromium)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "make test drives a real browser and real clients through the mini-internet. Please install: ${missing[*]}" >&2
  echo "(on Debian as root, make test installs them itself)" >&2
  exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
