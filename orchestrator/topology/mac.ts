/** MAC addresses: given ones are checked, others follow from the names, so that they stay when a file grows. */
import { createHash } from 'node:crypto';
import { formatMac, type MacAddress, parseMac } from '../../devices/stack/wire/address.js';
import { type Draft, type DraftPort, isIpDevice } from './draft.js';

export function assignMacs(draft: Draft): void {
  const owners = new Map<MacAddress, DraftPort>();
  const ports = [...draft.devices.values()].filter(isIpDevice).flatMap((device) => device.ports);
  for (const port of ports) {
    const text = typeof port.file === 'object' && port.file !== null && 'mac' in port.file ? port.file.mac : undefined;
    if (text === undefined) continue;
    const mac = parseMac(text)!;
    const owner = owners.get(mac);
    if (owner !== undefined) {
      const message = `${formatMac(mac)} is already the MAC address of ${owner.device}:${owner.name}`;
      draft.problems.add('duplicate-mac', [...port.path, 'mac'], message);
    } else owners.set(mac, port);
    port.mac = mac;
  }
  for (const port of ports) {
    if (port.mac !== undefined) continue;
    let attempt = 0;
    let mac = plannedMac(port.device, port.name, attempt);
    while (owners.has(mac)) mac = plannedMac(port.device, port.name, ++attempt);
    owners.set(mac, port);
    port.mac = mac;
  }
}

/** 02:…: unicast, locally administered (IEEE 802 section 8.4); the other five octets are a hash of the names. */
function plannedMac(device: string, port: string, attempt = 0): MacAddress {
  const digest = createHash('sha256')
    .update(`${device}:${port}${attempt === 0 ? '' : `#${attempt}`}`)
    .digest();
  return 0x020000000000 + digest.readUIntBE(0, 5);
}
