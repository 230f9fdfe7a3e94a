/** Range requests (RFC 9110 section 14): the parts of a body that a client asks for, and how they are sent. */
import parseRange from 'range-parser';
import type { Body } from './body.js';

/** More ranges than this, once those that touch are joined, are an attack rather than a need (section 14.2). */
export const MAX_RANGES = 32;

export interface ByteRange {
  /** Both inclusive. */
  readonly start: number;
  readonly end: number;
}

/** Section 14.1.2: int-range and suffix-range. */
const RANGE_SPEC = /^(?:(\d+)-(\d*)|-\d+)$/;

/** Undefined: the header is to be ignored. None: nothing of it can be satisfied (416). */
export function rangesOf(header: string | undefined, size: number): readonly ByteRange[] | undefined {
  if (header === undefined || !/^bytes=/i.test(header)) return undefined;
  const specs = rangeSpecs(header.slice('bytes='.length));
  if (specs === undefined) return undefined;
  // A suffix that is longer than the body means all of it, which the library takes for none.
  const fitting = specs.map((spec) => (spec.startsWith('-') ? `-${Math.min(Number(spec.slice(1)), size)}` : spec));
  const ranges = parseRange(size, `bytes=${fitting.join(',')}`, { combine: true });
  if (ranges === -1) return [];
  return ranges === -2 || ranges.length > MAX_RANGES ? undefined : ranges;
}

/** The library takes more for a range than there is; one whose end is before its start makes the whole header invalid. */
function rangeSpecs(text: string): readonly string[] | undefined {
  const specs = text
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  const isRange = (spec: string) => {
    const match = RANGE_SPEC.exec(spec);
    return match !== null && !(match[2] && Number(match[2]) < Number(match[1]));
  };
  return specs.length > 0 && specs.every(isRange) ? specs : undefined;
}

/** "bytes 0-99/1000" */
export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

/** The body of type multipart/byteranges (section 14.6). The boundary must not occur in the bytes. */
export function multipart(
  body: Body,
  ranges: readonly ByteRange[],
  contentType: string,
  boundary: string,
): { readonly length: number; readonly pieces: () => AsyncIterable<Uint8Array> } {
  const heads = ranges.map((range) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, body.length)}\r\n\r\n`,
    ),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const sizes = ranges.map(({ start, end }, index) => heads[index].length + end - start + 1);
  async function* pieces() {
    for (const [index, { start, end }] of ranges.entries()) {
      yield heads[index];
      const part = body.part(start, end);
      if (part instanceof Uint8Array) yield part;
      else yield* part as AsyncIterable<Uint8Array>;
    }
    yield tail;
  }
  return { length: sizes.reduce((sum, size) => sum + size, tail.length), pieces: () => gathered(pieces()) };
}

/** What is gathered before it is sent, bytes. */
const GATHERED_BYTES = 16 * 1024;

/** Small pieces go together: each would leave in a segment of its own. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    length += piece.length;
    if (length < GATHERED_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting);
}
