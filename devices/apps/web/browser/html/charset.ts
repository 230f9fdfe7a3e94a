/** In which encoding a document or a style sheet is written (HTML standard section 13.2.3.2; CSS Syntax section 3.2). */

/** So much is looked through for a declaration, bytes. */
const PRESCAN_BYTES = 1024;

export interface DecodedHtml {
  readonly text: string;
  /** By its name in the Encoding standard, in lower case; what its style sheets are read as that name none. */
  readonly encoding: string;
}

/** The byte order mark, the header, the document's own word; without any, UTF-8 when it is that, else Windows-1252. */
export function decodeHtml(bytes: Uint8Array, contentType: string): DecodedHtml {
  const named = bomEncoding(bytes) ?? headerCharset(contentType) ?? known(metaCharset(bytes));
  const encoding = named ?? (isUtf8(bytes) ? 'utf-8' : 'windows-1252');
  return { text: decode(bytes, encoding), encoding };
}

/** `environment` is the encoding of whoever asked for the style sheet. */
export function decodeCss(bytes: Uint8Array, contentType: string, environment = 'utf-8'): string {
  const rule = /^@charset "([^"]{1,40})";/.exec(Buffer.from(bytes.subarray(0, 60)).toString('latin1'))?.[1];
  return decode(bytes, bomEncoding(bytes) ?? headerCharset(contentType) ?? known(asciiCompatible(rule)) ?? environment);
}

function bomEncoding([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return undefined;
}

function headerCharset(contentType: string): string | undefined {
  return known(/;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1]);
}

/** HTML standard, "prescan a byte stream to determine its encoding": outside of comments. */
function metaCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, PRESCAN_BYTES)).toString('latin1');
  for (const [tag] of head.replace(/<!--.*?(?:-->|$)/gs, '').matchAll(/<meta[\s/](?:[^>"']|"[^"]*"|'[^']*')*/gi)) {
    const direct = attribute(tag, 'charset');
    if (direct !== undefined) return asciiCompatible(direct);
    const content = /\bcharset\s*=\s*["']?([^\s"';]+)/i.exec(attribute(tag, 'content') ?? '')?.[1];
    if (content !== undefined && /^content-type$/i.test(attribute(tag, 'http-equiv') ?? ''))
      return asciiCompatible(content);
  }
  return undefined;
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`[\\s/"']${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>"']+))`, 'i').exec(tag);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}

/** Who could read the declaration as bytes does not read UTF-16. */
function asciiCompatible(label: string | undefined): string | undefined {
  return label !== undefined && /^utf-?16(le|be)?$/i.test(label.trim()) ? 'utf-8' : label;
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label.trim()).encoding;
  } catch {
    return undefined;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    // The last character may have been cut off.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** What Windows-1252 has where Latin-1 has controls, from 0x80 on. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function decode(bytes: Uint8Array, encoding: string): string {
  const text = new TextDecoder(encoding).decode(bytes);
  if (encoding !== 'windows-1252') return text;
  // Some versions of Node read it as Latin-1.
  return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]);
}
