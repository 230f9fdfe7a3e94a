/** Range requests (RFC 9110 section 14): the parts of a body that a client asks for, and how they are sent. */
import parseRange from 'range-parser';

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
  if (header === undefined || !/^bytes=/i.test(header) || !isRangeSet(header.slice('bytes='.length))) return undefined;
  const ranges = parseRange(size, header, { combine: true });
  if (ranges === -1) return [];
  return ranges === -2 || ranges.length > MAX_RANGES ? undefined : ranges;
}

/** The library takes more for a range than there is; one whose end is before its start makes the whole header invalid. */
function isRangeSet(text: string): boolean {
  const specs = text
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  const isRange = (spec: string) => {
    const match = RANGE_SPEC.exec(spec);
    return match !== null && !(match[2] && Number(match[2]) < Number(match[1]));
  };
  return specs.length > 0 && specs.every(isRange);
}

/** "bytes 0-99/1000" */
export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

export function slice(bytes: Uint8Array, { start, end }: ByteRange): Uint8Array {
  return bytes.subarray(start, end + 1);
}

/** The body of type multipart/byteranges (section 14.6). The boundary must not occur in the bytes. */
export function multipart(
  bytes: Uint8Array,
  ranges: readonly ByteRange[],
  contentType: string,
  boundary: string,
): Uint8Array {
  const parts = ranges.flatMap((range) => {
    const head = `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, bytes.length)}\r\n\r\n`;
    return [Buffer.from(head), slice(bytes, range)];
  });
  return Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}
