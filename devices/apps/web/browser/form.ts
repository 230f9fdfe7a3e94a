/** What a form sends (HTML standard, section 4.10.22): its fields in the URL, or as a body of one of two types. */
import type { FetchForm, FormField } from '../../../control/rpc.js';
import type { Random } from '../../../stack/random.js';

export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** A GET form: the fields replace the query of the address. */
export function withQuery(url: URL, fields: readonly FormField[]): URL {
  const target = new URL(url);
  target.search = encodeFields(fields);
  return target;
}

export function formBody({ fields, encoding }: FetchForm, random: Random): RequestBody {
  if (encoding === 'multipart/form-data') return multipart(fields, random);
  return { bytes: Buffer.from(encodeFields(fields)), contentType: 'application/x-www-form-urlencoded' };
}

/** URL standard, section 5.2; line ends as the HTML standard wants them. Of a file, its name alone is sent. */
function encodeFields(fields: readonly FormField[]): string {
  const pairs = fields.map(({ name, value, fileName }): [string, string] => [crlf(name), fileName ?? crlf(value)]);
  return new URLSearchParams(pairs).toString();
}

/** RFC 7578, with line ends and quotes as the HTML standard wants them. */
function multipart(fields: readonly FormField[], random: Random): RequestBody {
  const text = fields.map(({ value }) => value).join('\n');
  let boundary: string;
  // 64 random bits; and it must not occur in what it divides.
  do boundary = `----NetariumFormBoundary${hex(random)}${hex(random)}`;
  while (text.includes(boundary));
  const parts = fields.map(({ name, value, fileName, contentType }) => {
    const file = fileName === undefined ? '' : `; filename="${quoted(fileName)}"`;
    const type = fileName === undefined ? '' : `Content-Type: ${contentType ?? 'application/octet-stream'}\r\n`;
    const content = fileName === undefined ? crlf(value) : value;
    return `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n${type}\r\n${content}\r\n`;
  });
  const bytes = Buffer.from(`${parts.join('')}--${boundary}--\r\n`);
  return { bytes, contentType: `multipart/form-data; boundary=${boundary}` };
}

function hex(random: Random): string {
  return random.uint32().toString(16).padStart(8, '0');
}

function crlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

function quoted(text: string): string {
  return text.replace(/"/g, '%22').replace(/\r\n|\r|\n/g, '%0D%0A');
}
