/** Files whose every part is like no other, in plain characters: what a command of a device prints is text. */
import { createCipheriv } from 'node:crypto';

/** The same bytes for the same length. */
export function plainText(bytes: number): Uint8Array {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const random = cipher.update(Buffer.alloc(Math.ceil((bytes * 3) / 4) + 3));
  return Buffer.from(random.toString('base64'), 'latin1').subarray(0, bytes);
}
