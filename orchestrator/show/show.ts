/** `fetch --show`: what the page looks like where there is only text. */
import type { FetchResult } from '../../devices/control.js';
import { plainFailure } from '../network-words.js';
import { formatBytes, type Paint } from '../terminal.js';
import { pageText } from './page-text.js';
import { plainText } from './plain-text.js';

const HTML = /^(text\/html|application\/xhtml\+xml)\b/i;
const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json\b/i;
const TEXT = /^(text\/|application\/([\w.-]+\+)?(xml|javascript|x-www-form-urlencoded|yaml)\b|image\/svg\+xml\b)/i;
/** Longer lines are hard to read. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 20;

/** @param columns of the terminal */
export function renderPage(result: FetchResult, columns: number, paint: Paint): string {
  const width = Math.max(MIN_WIDTH, Math.min(columns, MAX_WIDTH));
  return [heading(result, width, paint), content(result, width, paint)].join('\n\n');
}

function heading({ title, finalUrl, status }: FetchResult, width: number, paint: Paint): string {
  const name = plainText(title).replace(/\s+/g, ' ').trim();
  const address = plainText(finalUrl);
  const lines = [paint('cyan', address)];
  if (status >= 400) lines[0] += `  ${paint('red', String(status))}`;
  if (name !== '') lines.unshift(paint('bold', name));
  return [...lines, paint('dim', '─'.repeat(width))].join('\n');
}

function content(result: FetchResult, width: number, paint: Paint): string {
  const { text, finalUrl, resources, error } = result;
  if (error !== undefined && resources.length === 0) return plainText(`${plainFailure(error)} (at ${error.stage})`);
  const { contentType = '', bytes = 0 } = resources[0] ?? {};
  if (bytes === 0) return paint('dim', '(nothing)');
  if (HTML.test(contentType)) {
    const page = pageText(text, finalUrl, width);
    const numbers = page.links.map(
      (link, index) => `${paint('dim', `[${index + 1}]`.padStart(5))} ${paint('cyan', plainText(link))}`,
    );
    return [page.text, ...(numbers.length > 0 ? [numbers.join('\n')] : [])].join('\n\n');
  }
  if (JSON_TYPE.test(contentType)) return plainText(prettyJson(text));
  if (TEXT.test(contentType)) return plainText(text);
  const type = plainText(contentType.split(';')[0]) || 'unknown type';
  return `${type}, ${formatBytes(bytes)}: nothing to read`;
}

/** As it came where it is none after all. */
function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
