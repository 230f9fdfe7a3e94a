/** A lab's capture as a file that Wireshark and tshark read. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { CaptureInterface } from '../../devices/control.js';
import { parseCidr, parseMac, prefixMask, writeMac } from '../../devices/stack/wire/address.js';
import { writeU32 } from '../../devices/stack/wire/bytes.js';
import { enhancedPacket, interfaceDescription, type PcapInterface, sectionHeader } from './pcapng.js';
import type { LabCapture } from './session.js';

export function pcapInterface({ device, port, link, mac, addresses }: CaptureInterface): PcapInterface {
  const macNumber = parseMac(mac);
  let macBytes: Uint8Array | undefined;
  if (macNumber !== undefined) {
    macBytes = new Uint8Array(6);
    writeMac(macBytes, 0, macNumber);
  }
  const ipv4 = addresses.flatMap((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) return [];
    const bytes = new Uint8Array(8);
    writeU32(bytes, 0, cidr.address);
    writeU32(bytes, 4, prefixMask(cidr.prefixLength));
    return [bytes];
  });
  return { name: `${device}:${port}`, description: link, mac: macBytes, ipv4 };
}

/** Rejects with the system's error when the file cannot be written. Frames without bytes are left out; returns how many. */
export async function writeCaptureFile(path: string, capture: LabCapture): Promise<number> {
  const stream = createWriteStream(path, { mode: 0o600 });
  const failed = once(stream, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const write = async (bytes: Uint8Array) => {
    if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), failed]);
  };
  await write(sectionHeader());
  for (const description of capture.interfaces) await write(interfaceDescription(pcapInterface(description)));
  let left = 0;
  for (const frame of capture.frames) {
    if (frame.packet === undefined) {
      left += 1;
      continue;
    }
    await write(
      enhancedPacket({
        interfaceId: frame.interfaceIndex,
        timestampUs: BigInt(Math.round((capture.epochOffsetMs + frame.at) * 1000)),
        direction: frame.direction,
        packet: frame.packet,
        comment: frame.dropped === '' ? undefined : `dropped: ${frame.dropped}`,
      }),
    );
  }
  stream.end();
  await Promise.race([once(stream, 'finish'), failed]);
  return left;
}
