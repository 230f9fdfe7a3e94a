/** A page as text for a terminal, as text browsers show it: links numbered, pictures by their words, forms to be read. */
import { convert, type FormatCallback, type HtmlToTextOptions, type SelectorDefinition } from 'html-to-text';
import { FORM_FORMATTERS, FORM_SELECTORS } from './form-controls.js';
import { plainText } from './plain-text.js';

/** Deeper elements are left out: a page must not exhaust the stack. */
const MAX_DEPTH = 200;
const MAX_CHILDREN = 20_000;

export interface PageText {
  /** Lines without control characters but their ends. */
  readonly text: string;
  /** Addresses of the links, the first one has number 1 in the text. */
  readonly links: readonly string[];
}

/** What is in an element is not for eyes. */
const SKIPPED = ['head', 'title', 'script', 'style', 'template', 'svg', 'math', 'object', 'audio', 'video', 'datalist'];

/** @param width columns; longer words stay whole */
export function pageText(html: string, baseUrl: string, width: number): PageText {
  const links = new Map<string, number>();
  const options: HtmlToTextOptions = {
    wordwrap: width,
    limits: { maxDepth: MAX_DEPTH, maxChildNodes: MAX_CHILDREN, ellipsis: '…' },
    formatters: { ...FORM_FORMATTERS, link: linkFormatter(links, baseOf(html, baseUrl)), picture, heading, quote },
    selectors: [
      { selector: 'a', format: 'link' },
      { selector: 'img', format: 'picture' },
      {
        selector: 'table',
        format: 'dataTable',
        options: { uppercaseHeaderCells: false, maxColumnWidth: columnWidth(width) },
      },
      { selector: 'ul', options: { itemPrefix: ' • ' } },
      { selector: 'blockquote', format: 'quote' },
      { selector: 'hr', format: 'horizontalLine', options: { length: width } },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector): SelectorDefinition => ({ selector, format: 'heading' })),
      ...FORM_SELECTORS,
      ...SKIPPED.map((selector): SelectorDefinition => ({ selector, format: 'skip' })),
      { selector: '[hidden]', format: 'skip' },
    ],
  };
  return { text: trimmed(plainText(convert(html, options))), links: [...links.keys()] };
}

/** Without empty lines at its ends, and without spaces at the ends of lines. */
function trimmed(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.join('\n').trimEnd().replace(/^\n+/, '');
}

/** Three columns of a table find room beside each other. */
function columnWidth(width: number): number {
  return Math.max(10, Math.floor(width / 3));
}

/** HTML standard, section 4.2.3: the first one counts. */
function baseOf(html: string, url: string): string {
  const [, ...values] = /<base\b[^>]{0,500}?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/i.exec(html) ?? [];
  const href = values.find((value) => value !== undefined);
  return href !== undefined && URL.canParse(href, url) ? new URL(href, url).href : url;
}

/** `text [3]`; one address has one number. What leads nowhere, or only about the page, has none. */
function linkFormatter(links: Map<string, number>, base: string): FormatCallback {
  return (element, walk, builder) => {
    walk(element.children, builder);
    const href: string | undefined = element.attribs?.href?.trim();
    if (href === undefined || href === '' || href.startsWith('#') || !URL.canParse(href, base)) return;
    const target = new URL(href, base);
    if (target.protocol === 'javascript:') return;
    const number = links.get(target.href) ?? links.size + 1;
    links.set(target.href, number);
    builder.addInline(` [${number}]`, { noWordTransform: true });
  };
}

/** A picture without an `alt` has the name of its file; one with an empty `alt` only adorns. */
const picture: FormatCallback = (element, _walk, builder) => {
  const { alt, src = '' } = element.attribs as { alt?: string; src?: string };
  const words = alt ?? src.replace(/[?#].*/s, '').replace(/.*\//s, '');
  if (words.trim() !== '') builder.addInline(`[${words.trim()}]`, { noWordTransform: true });
};

const heading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  walk(element.children, builder);
  const line = element.name === 'h1' ? '═' : '─';
  const isLined = element.name === 'h1' || element.name === 'h2';
  builder.closeBlock({
    trailingLineBreaks: 2,
    blockTransform: (block) =>
      isLined && block.trim() !== '' ? `${block}\n${line.repeat(longestLine(block))}` : block,
  });
};

const quote: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2, reservedLineLength: 2 });
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2, blockTransform: (block) => block.replace(/^/gm, '│ ') });
};

function longestLine(text: string): number {
  return text.split('\n').reduce((longest, line) => Math.max(longest, line.length), 0);
}
