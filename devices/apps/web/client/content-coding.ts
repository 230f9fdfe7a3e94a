/** Content codings undone (RFC 9110 section 8.4), as streams. */
import { Transform, type TransformCallback } from 'node:stream';
import * as zlib from 'node:zlib';

type Decoder = () => Transform;

const { createZstdDecompress } = zlib as { createZstdDecompress?: Decoder };

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => new InflateEither(),
  br: () => zlib.createBrotliDecompress(),
  // Node has it from 22.15 on.
  ...(createZstdDecompress && { zstd: createZstdDecompress }),
};

/** More codings on top of each other than this are no honest message. */
export const MAX_CODINGS = 5;

/**
 * What Accept-Encoding says. As browsers: brotli and what came after it over TLS alone, where no intermediary can be upset by
 * a coding that it does not know.
 */
export function acceptedCodings(url: URL): string {
  if (url.protocol !== 'https:') return 'gzip, deflate';
  return createZstdDecompress === undefined ? 'gzip, deflate, br' : 'gzip, deflate, br, zstd';
}

/**
 * Decoders for the header's codings, in the order in which the body has to pass them. None when one of them is not known:
 * then the body is taken as it is, which is what browsers do. Undefined for too many.
 */
export function decodersFor(contentEncoding: string): Transform[] | undefined {
  const names = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > MAX_CODINGS) return undefined;
  if (names.some((name) => !Object.hasOwn(DECODERS, name))) return [];
  return names.reverse().map((name) => DECODERS[name]());
}

/** RFC 9110 section 8.4.1.2: `deflate` is the zlib format, but some send the bare one. The first byte tells. */
class InflateEither extends Transform {
  private inner: zlib.Inflate | zlib.InflateRaw | undefined;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.inner ??= this.open((chunk[0] & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw());
    this.inner.write(chunk, () => callback());
  }

  override _flush(callback: TransformCallback): void {
    const { inner } = this;
    if (inner === undefined) {
      callback();
      return;
    }
    inner.once('end', () => callback());
    inner.end();
  }

  private open<T extends zlib.Inflate | zlib.InflateRaw>(inner: T): T {
    inner.on('data', (bytes) => this.push(bytes));
    inner.on('error', (error) => this.destroy(error));
    return inner;
  }
}
