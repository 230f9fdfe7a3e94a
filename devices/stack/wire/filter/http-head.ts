/** The first lines of an HTTP/1 message, where one segment begins with them (RFC 9112 sections 2 to 5). */

export interface HttpHead {
  readonly request?: { readonly method: string; readonly uri: string; readonly version: string };
  readonly response?: { readonly version: string; readonly code: number; readonly phrase: string };
  /** Names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

const REQUEST_LINE = /^([A-Z][A-Z-]{1,31}) (\S+) (HTTP\/\d\.\d)$/;
const STATUS_LINE = /^(HTTP\/\d\.\d) (\d{3})(?: (.*))?$/;
/** Longer heads are cut here: what a filter looks for comes early. */
const MAX_HEAD_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;

/** Cheap for what is not HTTP: most other payloads fail at the first byte. */
export function startsHttpMessage(payload: Uint8Array): boolean {
  if (!(payload[0] >= LETTER_A && payload[0] <= LETTER_Z)) return false;
  const lineEnd = payload.subarray(0, MAX_HEAD_BYTES).indexOf(LINE_FEED);
  if (lineEnd < 0) return false;
  const [line] = textLines(payload.subarray(0, lineEnd + 1));
  return REQUEST_LINE.test(line) || STATUS_LINE.test(line);
}

/** `payload` must have passed {@link startsHttpMessage}. A last line that is not whole is left out. */
export function parseHttpHead(payload: Uint8Array): HttpHead {
  const [first, ...rest] = textLines(payload.subarray(0, MAX_HEAD_BYTES));
  const headers: { name: string; value: string }[] = [];
  // What comes behind the last line feed is a piece of a line.
  for (const line of rest.slice(0, -1)) {
    if (line === '') break;
    const colon = line.indexOf(':');
    if (colon > 0) headers.push({ name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() });
  }
  const request = REQUEST_LINE.exec(first);
  if (request !== null) return { request: { method: request[1], uri: request[2], version: request[3] }, headers };
  const status = STATUS_LINE.exec(first);
  if (status === null) return { headers };
  return { response: { version: status[1], code: Number(status[2]), phrase: status[3] ?? '' }, headers };
}

/** Each byte one character, as header fields are read (RFC 9110 section 5.5). */
function textLines(bytes: Uint8Array): string[] {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text.split(/\r?\n/);
}
