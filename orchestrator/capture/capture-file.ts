/** A lab's capture as a file that Wireshark and tshark read, and decrypt: the secrets of its TLS connections are in it. */

import { once } from 'node:events';
import { keyLogOf } from './key-log.js';
import { PcapngWriter } from './pcapng-writer.js';
import { openPrivateFile } from './private-file.js';
import type { LabCapture } from './session.js';

/** Rejects with the system's error when the file cannot be written. Frames without bytes are left out; returns how many. */
export async function writeCaptureFile(path: string, capture: LabCapture): Promise<number> {
  const stream = (await openPrivateFile(path)).createWriteStream();
  const failed = once(stream, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const write = async (bytes: Uint8Array) => {
    if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), failed]);
  };
  const writer = new PcapngWriter(capture.epochOffsetMs);
  await write(writer.header());
  const ids: number[] = [];
  for (const description of capture.interfaces) {
    const { id, block } = writer.interface(description);
    ids.push(id);
    if (block !== undefined) await write(block);
  }
  const secrets = keyLogOf(capture.traces).lines;
  if (secrets.length > 0) await write(writer.secrets(secrets));
  let left = 0;
  for (const frame of capture.frames) {
    const { packet, interfaceIndex } = frame;
    if (packet === undefined) left += 1;
    else await write(writer.frame({ ...frame, packet, interfaceId: ids[interfaceIndex] }));
  }
  stream.end();
  await Promise.race([once(stream, 'finish'), failed]);
  return left;
}
