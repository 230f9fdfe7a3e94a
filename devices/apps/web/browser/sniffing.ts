/**
 * What a response is, by the MIME Sniffing standard of WHATWG: what its header says, or, where that says nothing, how its
 * body begins. Navigation alone asks; style sheets, scripts and images are what the page takes them for.
 */
import { headerValue } from '../client/message.js';
import { UNKNOWN_TYPE } from '../content-type.js';

/** Section 5.2: so many bytes are looked at. */
const HEADER_BYTES = 1445;
/** Section 5.1: what Apache said for years of files that it did not know. */
const APACHE = /^text\/plain(; charset=(ISO-8859-1|iso-8859-1|UTF-8))?$/;
/** Section 7, step 2. */
const SAYS_NOTHING = /^\s*(unknown\/unknown|application\/unknown|\*\/\*)?\s*(;|$)/i;
/** Section 3. Bytes are looked at as characters of the same number. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what makes the difference
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

type Signatures = readonly (readonly [RegExp, string])[];

/** Section 7.1, step 1: what may run scripts. */
const SCRIPTABLE: Signatures = [
  [
    /^[\t\n\f\r ]*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[ >]/i,
    'text/html',
  ],
  [/^[\t\n\f\r ]*<\?xml/, 'text/xml'],
  [/^%PDF-/, 'application/pdf'],
];

/** Section 7.1, step 2 and after: text with a byte order mark, section 6.1 (images), 6.2 (sound, video), 6.4 (archives). */
const HARMLESS: Signatures = [
  [/^(\xfe\xff|\xff\xfe)..|^\xef\xbb\xbf./s, 'text/plain'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^\x00\x00[\x01\x02]\x00/, 'image/x-icon'],
  [/^BM/, 'image/bmp'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF.{4}WEBPVP/s, 'image/webp'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^FORM.{4}AIFF/s, 'audio/aiff'],
  [/^ID3/, 'audio/mpeg'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^OggS\x00/, 'application/ogg'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^MThd\x00\x00\x00\x06/, 'audio/midi'],
  [/^RIFF.{4}AVI /s, 'video/avi'],
  [/^RIFF.{4}WAVE/s, 'audio/wave'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^\x1aE\xdf\xa3.{0,34}?\x42\x82[\s\S]\x00*webm/s, 'video/webm'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^\x1f\x8b\x08/, 'application/x-gzip'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^PK\x03\x04/, 'application/zip'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: signatures are made of them
  [/^Rar \x1a\x07\x00/, 'application/x-rar-compressed'],
];

export interface Sniffed {
  /** The Content-Type header; empty when there is none. */
  readonly contentType: string;
  /** `X-Content-Type-Options: nosniff` (Fetch standard, section 3.6). */
  readonly noSniff: boolean;
  /** Of the decoded body. */
  readonly beginning: Uint8Array;
}

/** Section 7, the computed MIME type: the Content-Type itself where that is to be believed. */
export function computedType({ contentType, noSniff, beginning }: Sniffed): string {
  const head = Buffer.from(beginning.subarray(0, HEADER_BYTES)).toString('latin1');
  if (SAYS_NOTHING.test(contentType)) return unknownType(head, !noSniff);
  // Section 7.2: text, or what was sent as that for want of anything better.
  if (!noSniff && APACHE.test(contentType) && isBinary(head)) return UNKNOWN_TYPE;
  return contentType;
}

/** Of the header's first value (Fetch standard, section 3.6). */
export function saysNoSniff(header: string | undefined): boolean {
  return /^[\t ]*nosniff[\t ]*(,|$)/i.test(header ?? '');
}

/** The computed type of what was loaded. */
export function typeOfResponse(
  contentType: string,
  { headers, beginning }: { headers: readonly (readonly [string, string])[]; beginning: Uint8Array },
): string {
  const noSniff = saysNoSniff(headerValue(headers, 'x-content-type-options'));
  return computedType({ contentType, noSniff, beginning });
}

/** Section 7.1. */
function unknownType(head: string, scriptable: boolean): string {
  const signatures = scriptable ? [...SCRIPTABLE, ...HARMLESS] : HARMLESS;
  const known = signatures.find(([pattern]) => pattern.test(head))?.[1];
  if (known !== undefined) return known;
  if (isMp4(head)) return 'video/mp4';
  return BINARY.test(head) ? UNKNOWN_TYPE : 'text/plain';
}

function isBinary(head: string): boolean {
  return BINARY.test(head) && !/^(\xfe\xff|\xff\xfe|\xef\xbb\xbf)/.test(head);
}

/** Section 6.2.1: a box of type "ftyp" with the brand, or a compatible one, "mp4…". */
function isMp4(head: string): boolean {
  if (head.length < 12 || head.slice(4, 8) !== 'ftyp') return false;
  const size = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE();
  if (size > head.length || size % 4 !== 0) return false;
  if (head.slice(8, 11) === 'mp4') return true;
  for (let at = 16; at < size; at += 4) if (head.slice(at, at + 3) === 'mp4') return true;
  return false;
}
