/** The options of `fetch` as the user wrote them, and the request that they make. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FetchForm, FetchRequest, FormField } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { cannotRead } from '../file-errors.js';

export interface FetchOptions {
  readonly from?: string;
  readonly lab?: string;
  readonly fresh?: boolean;
  readonly json?: boolean;
  readonly show?: boolean;
  readonly har?: string;
  readonly pcap?: string;
  readonly keylog?: string;
  readonly explain?: boolean;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly form?: readonly string[];
  readonly multipart?: readonly string[];
  readonly reload?: boolean;
  /** False: `--no-cache`. */
  readonly cache: boolean;
  readonly clear?: boolean;
  readonly timeout?: string;
  readonly subresources: boolean;
  readonly quiet?: boolean;
}

export async function fetchRequest(url: string, options: FetchOptions): Promise<FetchRequest> {
  const form = await readForm(options);
  return {
    url,
    method: options.method,
    headers: parseHeaders(options.header ?? []),
    data: options.data,
    ...(form && { form }),
    timeoutMs: parseTimeout(options.timeout),
    subresources: options.subresources,
    // What HAR keeps of each response.
    bodies: options.har !== undefined,
    cache: cacheMode(options),
    clear: options.clear,
  };
}

function cacheMode({ reload, cache }: FetchOptions): FetchRequest['cache'] {
  if (!cache) return 'no-store';
  return reload ? 'reload' : 'default';
}

async function readForm({ data, form, multipart }: FetchOptions): Promise<FetchForm | undefined> {
  if ([data, form, multipart].filter((given) => given !== undefined).length > 1) {
    throw new CliError(2, 'a request has one body: --data, --form or --multipart');
  }
  if (form !== undefined) return { fields: form.map((text) => parseField('--form', text)) };
  if (multipart === undefined) return undefined;
  return { encoding: 'multipart/form-data', fields: await Promise.all(multipart.map(parsePart)) };
}

function parseField(option: string, text: string): FormField {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError(2, `"${text}" is no field of a form`, `Write it as ${option} name=value.`);
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** `name=@file` sends a file, `name=@file;type=text/csv` says what it is: as curl has it. */
async function parsePart(text: string): Promise<FormField> {
  const field = parseField('--multipart', text);
  if (!field.value.startsWith('@')) return field;
  const [, path, contentType] = /^@(.*?)(?:;type=([^;]+))?$/s.exec(field.value) ?? [];
  const bytes = await readFile(path).catch((error) => {
    throw cannotRead(path, error);
  });
  return { ...field, value: asText(path, bytes), fileName: basename(path), ...(contentType && { contentType }) };
}

/** What a form takes to a device is text. */
function asText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliError(2, `${path} is no text: a form can send files of UTF-8 text only`);
  }
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new CliError(2, `"${line}" is not a header`, "Write it as 'Name: value'.");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (match === null) throw new CliError(2, `"${text}" is not a duration`, 'Write it with its unit: 500ms, 10s, 1m.');
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'];
}
