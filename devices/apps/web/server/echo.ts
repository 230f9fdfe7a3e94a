/** Sends the request's body back, as it came. */
import type { SiteConfig } from '../../../control/config.js';
import { UNKNOWN_TYPE } from '../content-type.js';
import type { Reply } from './reply.js';

/** Longest body that is read, bytes, when the site does not say otherwise. */
export const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;

export async function echo(reply: Reply, { maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: SiteConfig): Promise<void> {
  const { request } = reply;
  if (request.method !== 'POST') {
    await reply.refuseMethod('POST');
    return;
  }
  reply.acceptBody();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // The rest is read and forgotten: a client that still sends would not see an answer behind a reset.
    if (length <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > maxBodyBytes) {
    await reply.sendError(413, 'The body is too long to be sent back.');
    return;
  }
  reply.set('Content-Type', request.headers['content-type'] ?? UNKNOWN_TYPE).send(200, Buffer.concat(chunks, length));
}
