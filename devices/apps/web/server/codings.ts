/** Content codings (RFC 9110 section 8.4): gzip and brotli for what becomes smaller by them, as the client accepts them. */
import type { IncomingHttpHeaders } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import Negotiator from 'negotiator';
import { mediaType } from '../content-type.js';

export type Coding = 'br' | 'gzip';

/** In the order in which they are preferred when the client does not care. */
const CODINGS: readonly Coding[] = ['br', 'gzip'];

/** Below it the coding gains less than a frame; above it, it would hold up all other requests for too long. */
export const MIN_COMPRESSED_BYTES = 512;
export const MAX_COMPRESSED_BYTES = 4 * 1024 * 1024;
/** Of what was compressed, kept for the next request. */
export const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** What nginx and Apache choose for bodies that are compressed while somebody waits. */
const BROTLI_QUALITY = 5;

/** Whether there are other representations of such a body, so that caches must be told (Vary). */
export function isCompressible(contentType: string, length: number): boolean {
  if (length < MIN_COMPRESSED_BYTES || length > MAX_COMPRESSED_BYTES) return false;
  const type = mediaType(contentType);
  return /^text\/|^application\/(json|javascript|xml|wasm|manifest\+json)$|\+(json|xml)$/.test(type);
}

/** The best one that the client accepts; undefined: the body as it is (section 12.5.3). */
export function acceptedCoding(headers: IncomingHttpHeaders): Coding | undefined {
  if (headers['accept-encoding'] === undefined) return undefined;
  // The types of the library are older than its second argument.
  const negotiator = new Negotiator({ headers }) as unknown as EncodingNegotiator;
  const best = negotiator.encoding([...CODINGS, 'identity'], { preferred: CODINGS });
  return CODINGS.find((coding) => coding === best);
}

interface EncodingNegotiator {
  encoding(available: readonly string[], options: { readonly preferred: readonly string[] }): string | undefined;
}

/** Compresses, and remembers what it came to. */
export class Compressor {
  /** The latest last. */
  private readonly kept = new Map<string, Uint8Array>();
  private keptBytes = 0;

  /** `identity` tells this version of this file from all others. At once, not in another thread: for the world's clock. */
  compress(bytes: Uint8Array, coding: Coding, identity: string): Uint8Array {
    const key = `${coding} ${identity}`;
    const known = this.kept.get(key);
    if (known !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const compressed = coding === 'gzip' ? gzipSync(bytes) : brotli(bytes);
    this.kept.set(key, compressed);
    this.keptBytes += compressed.length;
    for (const [oldest, content] of this.kept) {
      if (this.keptBytes <= MAX_KEPT_BYTES) break;
      this.kept.delete(oldest);
      this.keptBytes -= content.length;
    }
    return compressed;
  }
}

function brotli(bytes: Uint8Array): Uint8Array {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  return brotliCompressSync(bytes, {
    params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}
