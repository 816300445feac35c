#!/usr/bin/env bash
# Makes the broker's certificate for a LAN: deploy/make_tls.sh NAME-OR-ADDRESS …   (every name devices will dial)
# A certificate authority of one's own is made first and kept for ten years: ca.crt goes to the devices, ca.key stays
# here. Said again it makes a new server certificate of the same authority.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
folder="${BYPULS_SECRETS_FOLDER:-$here/secrets}/tls"
server_days=397

if [ $# -eq 0 ]; then
  echo "usage: deploy/make_tls.sh NAME-OR-ADDRESS … (every name and address that devices will dial)" >&2
  exit 2
fi
command -v openssl >/dev/null || { echo "make_tls: openssl is not installed: install it" >&2; exit 1; }

names=""
for name in "$@"; do
  if [[ "$name" =~ ^[0-9.]+$ || "$name" == *:* ]]; then
    kind=IP
  elif [[ "$name" =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]]; then
    kind=DNS
  else
    echo "make_tls: '$name' is neither a host name nor an address" >&2
    exit 2
  fi
  names="${names:+$names,}$kind:$name"
done

umask 077
mkdir -p "$folder"
work="$(mktemp -d "$folder/.new.XXXXXX")"
trap 'rm -rf "$work"' EXIT

if [ ! -e "$folder/ca.key" ]; then
  openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -sha256 -days 3650 \
    -subj "/CN=Bypuls broker authority $(date +%Y-%m-%d)" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
  mv "$work/ca.crt" "$folder/ca.crt"
  mv "$work/ca.key" "$folder/ca.key"
fi

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -sha256 -subj "/CN=${1:0:64}" \
  -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
cat >"$work/server.ext" <<EXT
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$names
EXT
openssl x509 -req -in "$work/server.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -sha256 -days "$server_days" \
  -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/server.ext" -out "$work/server.crt" 2>/dev/null
openssl verify -CAfile "$folder/ca.crt" "$work/server.crt" >/dev/null
mv "$work/server.key" "$work/server.crt" "$folder/"
chmod 644 "$folder/ca.crt"
echo "$folder/server.crt for $names, until $(openssl x509 -in "$folder/server.crt" -noout -enddate | cut -d= -f2)"
echo "$folder/ca.crt goes to the devices"
