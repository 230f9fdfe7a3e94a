/** Media types: what a file's name says about it (server), what a Content-Type header says about a body (browser). */

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    css: 'text/css; charset=utf-8',
    csv: 'text/csv; charset=utf-8',
    gif: 'image/gif',
    htm: 'text/html; charset=utf-8',
    html: 'text/html; charset=utf-8',
    ico: 'image/x-icon',
    jpeg: 'image/jpeg',
    jpg: 'image/jpeg',
    js: 'text/javascript; charset=utf-8',
    json: 'application/json',
    map: 'application/json',
    md: 'text/markdown; charset=utf-8',
    mjs: 'text/javascript; charset=utf-8',
    mp3: 'audio/mpeg',
    mp4: 'video/mp4',
    otf: 'font/otf',
    pdf: 'application/pdf',
    png: 'image/png',
    svg: 'image/svg+xml',
    txt: 'text/plain; charset=utf-8',
    wasm: 'application/wasm',
    webmanifest: 'application/manifest+json',
    webp: 'image/webp',
    woff: 'font/woff',
    woff2: 'font/woff2',
    xml: 'application/xml',
    zip: 'application/zip',
  }),
);

/** RFC 9110 section 8.3: a server that does not know says nothing, or that it is just bytes. */
export const UNKNOWN_TYPE = 'application/octet-stream';

/** The Content-Type of a file by the ending of its name. */
export function contentTypeOf(fileName: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(fileName);
  return (ending && TYPES.get(ending[1].toLowerCase())) ?? UNKNOWN_TYPE;
}

/** The media type alone, in lower case: "text/html" of `Text/HTML; charset=utf-8`. */
export function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0].trim().toLowerCase();
}

export function isHtml(contentType: string): boolean {
  const type = mediaType(contentType);
  return type === 'text/html' || type === 'application/xhtml+xml';
}

/** Whether a person can read the body as it stands. */
export function isText(contentType: string): boolean {
  const type = mediaType(contentType);
  return (
    type.startsWith('text/') || /^(application\/(json|javascript|xml|x-www-form-urlencoded)|.*\+(json|xml))$/.test(type)
  );
}

/** The body as text in the charset that the header names; UTF-8 when it names none, or one that nobody knows. */
export function decodeText(bytes: Uint8Array, contentType: string): string {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  return decoderFor(charset).decode(bytes);
}

function decoderFor(charset: string) {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder('utf-8');
  }
}
