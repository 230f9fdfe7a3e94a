/** The body of a response as it comes: decoded, counted, hashed, and kept as far as somebody wants it. */
import { createHash } from 'node:crypto';
import { type Readable, type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decodersFor } from '../client/content-coding.js';
import { LoadError } from './load-error.js';

/** Longer bodies end in an error, bytes. */
export const MAX_BODY_BYTES = 512 * 1024 * 1024;
/** The same for bodies that come compressed: a few bytes on the wire must not become work without end. */
export const MAX_DECODED_BYTES = 128 * 1024 * 1024;
/** How much of a body is kept for reading, bytes: documents, style sheets, the text of the result. */
export const MAX_TEXT_BYTES = 1024 * 1024;
/** From this size on, what decodes to so many times its length is taken for a bomb. */
export const SUSPICIOUS_BYTES = 16 * 1024 * 1024;
export const MAX_RATIO = 200;

export interface BodyOptions {
  /** The Content-Encoding header; empty when there is none, or no body. */
  readonly contentEncoding: string;
  /** So many bytes of the decoded body are kept. */
  readonly keepBytes: number;
  /** Something has come. */
  readonly onProgress: () => void;
}

export interface Body {
  /** Decoded. */
  readonly bytes: number;
  /** As transferred. */
  readonly encodedBytes: number;
  /** Of the decoded body, lower-case hexadecimal. */
  readonly sha256: string;
  /** The beginning; all of it when it is `bytes` long. */
  readonly kept: Uint8Array;
}

/** Reads to the end. Rejects with LoadError for what is too long or cannot be decoded, else with the stream's error. */
export async function readBody(source: Readable, options: BodyOptions): Promise<Body> {
  const decoders = decodersFor(options.contentEncoding);
  if (decoders === undefined) {
    source.destroy();
    throw new LoadError('ERR_CONTENT_DECODING', 'http', `too many content codings: ${options.contentEncoding}`);
  }
  const limit = decoders.length === 0 ? MAX_BODY_BYTES : MAX_DECODED_BYTES;
  const sink = new Digest(options.keepBytes);
  source.on('data', (chunk: Buffer) => {
    sink.encodedBytes += chunk.length;
    options.onProgress();
    // What stands behind the end of the coded data decodes to nothing, however much it is.
    if (sink.encodedBytes > limit) source.destroy(tooLong(`the body is longer than ${limit} bytes`));
  });
  for (const decoder of decoders) bound(decoder, limit, () => sink.encodedBytes);
  try {
    await pipeline([source, ...decoders, sink]);
  } catch (error) {
    // Nothing at all decodes to nothing, whatever the header says; zlib would not have it.
    if (sink.encodedBytes === 0 && source.readableEnded) return sink.body();
    throw explained(error as Error & { code?: string }, options.contentEncoding);
  }
  return sink.body();
}

/** Also between two codings: what the next one leaves aside has been decoded all the same. */
function bound(decoder: Transform, limit: number, encodedBytes: () => number): void {
  let bytes = 0;
  decoder.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const error = excess(bytes, encodedBytes(), limit);
    if (error !== undefined) decoder.destroy(error);
  });
}

/** Undefined while the body is of a sensible length. */
function excess(bytes: number, encodedBytes: number, limit: number): LoadError | undefined {
  if (bytes > limit) return tooLong(`the body is longer than ${limit} bytes`);
  if (bytes <= SUSPICIOUS_BYTES || bytes <= MAX_RATIO * encodedBytes) return undefined;
  return tooLong(`${encodedBytes} bytes of the body have become ${bytes} when decoded`);
}

/** zlib's errors are those of the body, not of a connection. */
function explained(error: Error & { code?: string }, contentEncoding: string): Error {
  const { code = '' } = error;
  if (!/^(Z_|ERR__?ERROR|ERR_BROTLI|ERR_ZSTD|ERR_ZLIB|ERR_.*_ERROR_FORMAT|ZSTD_)/.test(code)) return error;
  const what = code === 'Z_BUF_ERROR' ? 'ends in the middle' : `is damaged (${error.message})`;
  return new LoadError('ERR_CONTENT_DECODING', 'http', `the body, sent as ${contentEncoding}, ${what}`);
}

class Digest extends Writable {
  encodedBytes = 0;
  private bytes = 0;
  private readonly hash = createHash('sha256');
  private readonly chunks: Uint8Array[] = [];
  private room: number;

  constructor(keepBytes: number) {
    super();
    this.room = keepBytes;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    if (this.room > 0) this.chunks.push(chunk.subarray(0, this.room));
    this.room -= chunk.length;
    callback();
  }

  body(): Body {
    const { bytes, encodedBytes } = this;
    return { bytes, encodedBytes, sha256: this.hash.digest('hex'), kept: Buffer.concat(this.chunks) };
  }
}

function tooLong(message: string): LoadError {
  return new LoadError('ERR_BODY_TOO_LONG', 'http', message);
}
