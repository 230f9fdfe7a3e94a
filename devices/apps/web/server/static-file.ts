/** A file of a site as the answer to GET or HEAD: conditions, content coding, ranges (RFC 9110 sections 13, 8.4, 14). */
import type { SiteConfig } from '../../../control/config.js';
import type { Random } from '../../../stack/random.js';
import { type Body, whole, wholeBody } from './body.js';
import { acceptedCoding, type Compressor, isCompressible } from './codings.js';
import { isSameForRange, judgeConditions } from './conditions.js';
import { httpDate } from './dates.js';
import { contentRange, multipart, rangesOf } from './ranges.js';
import type { Reply } from './reply.js';
import { entityTag, type SiteFile } from './site-files.js';
import { cookiesFor, headersFor, randomToken } from './site-rules.js';

export interface StaticTools {
  readonly compressor: Compressor;
  readonly random: Random;
  /** Milliseconds since 1970. */
  now(): number;
  /** Tells this site's files from those of others. */
  readonly root: string;
}

export async function sendFile(reply: Reply, site: SiteConfig, file: SiteFile, tools: StaticTools): Promise<void> {
  const path = `/${file.name}`;
  const { headers, method } = reply.request;
  const now = tools.now();
  const { body, etag, coding, varies } = representation(reply, file, tools);
  const validators = { etag, modifiedMs: file.modifiedMs };
  const verdict = judgeConditions(headers, validators);
  if (verdict === 'failed') {
    await reply.sendError(412, 'The file is not the one that was meant.');
    return;
  }
  // Section 14.2: ranges are for GET alone.
  const isRanged = method === 'GET' && isSameForRange(headers['if-range']?.toString(), validators);
  const ranges = rangesOf(isRanged ? headers.range : undefined, body.length);
  if (verdict === 'proceed' && ranges?.length === 0) {
    reply.set('Content-Range', `bytes */${body.length}`).sendPage(416, 'The file has no such part.');
    return;
  }
  // What describes the file, and says for how long it may be kept, does not belong to an error.
  for (const [name, value] of headersFor(site, path, now)) reply.set(name, value);
  const cookies = cookiesFor(site, path, headers.cookie, tools.random);
  if (cookies.length > 0) reply.set('Set-Cookie', cookies);
  if (varies) addVary(reply);
  // Section 8.8.2.1: never later than the time of the answer.
  reply.set('Last-Modified', httpDate(Math.min(file.modifiedMs, now))).set('ETag', etag);
  if (verdict === 'not-modified') {
    reply.send(304, undefined, file.name);
    return;
  }
  reply.set('Accept-Ranges', 'bytes');
  // A rule of the site may know better.
  if (!reply.response.hasHeader('Content-Type')) reply.set('Content-Type', file.contentType);
  if (coding !== undefined) reply.set('Content-Encoding', coding);
  await sendRanges(reply, file, body, ranges, tools.random);
}

/** Of the codings that the client accepts the best, if it is any shorter. Ranges are those of the file as it is. */
function representation(reply: Reply, file: SiteFile, { compressor, root }: StaticTools) {
  const { bytes } = file.body;
  const varies = bytes !== undefined && isCompressible(file.contentType, bytes.length);
  const plain = { body: file.body, etag: entityTag(file), coding: undefined, varies };
  if (!varies) return plain;
  const { headers } = reply.request;
  const coding = headers.range === undefined ? acceptedCoding(headers) : undefined;
  if (coding === undefined) return plain;
  const compressed = compressor.compress(bytes, coding, `${entityTag(file)} ${root}/${file.name}`);
  return compressed.length < bytes.length
    ? { body: wholeBody(compressed), etag: entityTag(file, coding), coding, varies }
    : plain;
}

/** Beside what the rules of the site have put there. */
function addVary(reply: Reply): void {
  const vary = reply.response.getHeader('Vary');
  reply.set('Vary', vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`);
}

/** `ranges`: undefined for the whole; at least one. */
async function sendRanges(
  reply: Reply,
  file: SiteFile,
  body: Body,
  ranges: ReturnType<typeof rangesOf>,
  random: Random,
): Promise<void> {
  const { length } = body;
  if (ranges === undefined) {
    await reply.sendBody(200, length, whole(body), file.name);
  } else if (ranges.length === 1) {
    const [{ start, end }] = ranges;
    reply.set('Content-Range', contentRange(ranges[0], length));
    await reply.sendBody(206, end - start + 1, () => body.part(start, end), file.name);
  } else {
    const boundary = randomToken(random);
    const parts = multipart(body, ranges, file.contentType, boundary);
    reply.set('Content-Type', `multipart/byteranges; boundary=${boundary}`);
    await reply.sendBody(206, parts.length, parts.pieces, file.name);
  }
}
