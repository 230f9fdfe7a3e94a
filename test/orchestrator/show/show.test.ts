import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { pageText } from '../../../orchestrator/show/page-text.js';
import { plainText } from '../../../orchestrator/show/plain-text.js';
import { renderPage } from '../../../orchestrator/show/show.js';
import { exchange, LOAD } from '../har/exchanges.js';

const plain = (_style: unknown, text: string) => text;
const BASE = 'http://www.server.com/books/';
const lines = (html: string, width = 60) => pageText(html, BASE, width).text.split('\n');

/** A load of one document. */
function load(contentType: string, text: string, change: Partial<typeof LOAD> = {}): typeof LOAD {
  const { url, status, sha256, initiator } = exchange({});
  const resource = { url, status, bytes: text.length, sha256, contentType, initiator, fromCache: false };
  return { ...LOAD, text, resources: [{ ...resource, startAt: 0, endAt: 0 }], ...change };
}

t.test('a shipped page as a text browser shows it', async (t) => {
  const html = readFileSync('topologies/sites/www.server.com/index.html', 'utf8');
  const { text, links } = pageText(html, 'http://www.server.com/', 72);
  for (const expected of [
    '[Hills at dusk, the sun just above the last of them]',
    'Books for slow evenings\n═══════════════════════\n',
    'On the table by the door\n────────────────────────\n',
    'Books [2]',
    'Two sisters fold a boat',
  ]) {
    t.ok(text.includes(expected), expected);
  }
  t.notMatch(text, /shop\.js|stylesheet|<|function/);
  t.same(links.slice(0, 3), ['http://www.server.com/', 'http://www.server.com/books/', 'http://www.server.com/about']);
  for (const line of text.split('\n')) t.ok(line.length <= 72, line);
});

t.test('links: one number an address, none for what leads nowhere', async (t) => {
  const html =
    '<a href="a">one</a> <a href="/b?x=1">two</a> <a href="a">again</a> <a href="#top">up</a> <a>none</a>' +
    '<a href="javascript:alert(1)">run</a> <a href="http://[">bad</a> <a href="mailto:a@b.c">mail</a>';
  const { text, links } = pageText(html, BASE, 200);
  t.equal(text, 'one [1] two [2] again [1] up nonerun bad mail [3]');
  t.same(links, ['http://www.server.com/books/a', 'http://www.server.com/b?x=1', 'mailto:a@b.c']);
  t.same(pageText('<base href="/elsewhere/"><a href="c">c</a>', BASE, 80).links, ['http://www.server.com/elsewhere/c']);
});

t.test('pictures by their words, or the names of their files', async (t) => {
  t.same(lines('<img alt="A boat" src="x.png"> <img src="/covers/night.svg?v=2"> <img alt="" src="line.gif"> <img>'), [
    '[A boat] [night.svg]',
  ]);
});

t.test('tables in columns, lists with dots and numbers, quotations with a bar', async (t) => {
  const table = '<table><tr><th>Title<th>Price<tr><td>Paper Boat<td>12.50<tr><td>Night<td>9</table>';
  t.same(lines(table), ['Title        Price', 'Paper Boat   12.50', 'Night        9']);
  t.same(lines('<ul><li>a<li>b</ul><ol><li>c<li>d</ol>'), [' • a', ' • b', '', ' 1. c', ' 2. d']);
  t.same(lines('<blockquote>Read<br>slowly</blockquote>'), ['│ Read', '│ slowly']);
});

t.test('forms can be read', async (t) => {
  const html = `<form><label>Name <input name=n placeholder="who"></label> <input type=password value=abc>
    <label><input type=checkbox checked> news</label> <input type=radio><input type=hidden value=x>
    <select><option>a<option selected>b<optgroup><option>c</optgroup></select>
    <textarea cols=5>hi</textarea><button><b>Send</b> it</button><input type=submit></form>`;
  t.equal(
    lines(html, 200).join(' ').replace(/ +/g, ' '),
    'Name [who_________] [•••_________] [x] news ( ) [a | •b | c] [hi___] < Send it > < Submit >',
  );
});

t.test('nothing of a page steers the terminal', async (t) => {
  const evil = '\x1b]0;owned\x07 \x9b31m \u202egnp.exe\u202c &#27;[2J &#155;1m \x00\x08 &#x202e;abc a\rb \u2028c';
  const { text } = pageText(`<p>${evil}<a href="x\x1b[1m">l</a><img alt="\x1b[5m"><input value="\x1b[7m">`, BASE, 80);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  const acted = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
  t.notMatch(text, acted);
  t.ok(text.includes('owned') && text.includes('gnp.exe'));
  for (const type of ['text/html', 'text/plain', 'application/json', 'image/png', '\x1b[1m']) {
    const shown = renderPage(load(type, evil, { title: evil, finalUrl: `http://a/${evil}` }), 80, plain);
    t.notMatch(shown, acted, type);
  }
  t.notMatch(renderPage(load('application/json', '{"a":"\\u001b[1m\\u009b"}'), 80, plain), acted);
  t.equal(plainText('a\r\nb\tc\rd\n'), 'a\nb\tc\nd\n');
});

t.test('a heading with title and address; a status that is an error', async (t) => {
  const [title, address, rule] = renderPage(load('text/plain', 'hello'), 30, plain).split('\n');
  t.same([title, address, rule], ['Books', LOAD.finalUrl, '─'.repeat(30)]);
  const missing = renderPage(load('text/html', '<h1>Not here</h1>', { title: '', status: 404 }), 200, plain);
  t.match(missing, /^http\S+ {2}404\n─{100}\n\nNot here\n═{8}$/);
});

t.test('text as it is, JSON in lines, all else by size and type', async (t) => {
  const body = (type: string, text: string) =>
    renderPage(load(type, text), 40, plain).split('\n\n').slice(1).join('\n\n');
  t.equal(body('text/plain; charset=utf-8', '<b>a</b>\n  b'), '<b>a</b>\n  b');
  t.equal(body('application/problem+json', '{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  t.equal(body('application/json', '{not'), '{not');
  t.equal(body('image/png', 'x'.repeat(2048)), 'image/png, 2.0 KiB: nothing to read');
  t.equal(body('', 'abc'), 'unknown type, 3 B: nothing to read');
  t.equal(body('text/html', ''), '(nothing)');
  const error = { code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND nowhere', stage: 'dns' as const };
  t.match(renderPage({ ...LOAD, error, resources: [] }, 80, plain), /nowhere: no such name \(at dns\)/);
});

t.test('pages that are too deep, too wide, too much', async (t) => {
  for (const html of [
    '<div>'.repeat(200_000),
    `<button>${'<b>'.repeat(200_000)}deep`,
    '<a href=x>y</a>'.repeat(60_000),
    '<base '.repeat(170_000),
    '<ul><li>'.repeat(30_000),
    '<table><tr><td>'.repeat(5_000),
    `<p>${'x'.repeat(1_000_000)}`,
    `<table><tr>${'<td>a'.repeat(20_000)}</table>`,
  ]) {
    const startedAt = performance.now();
    const { text } = pageText(html, BASE, 80);
    const ms = performance.now() - startedAt;
    t.ok(ms < 20_000 && text.length < 20_000_000, `${html.slice(0, 20)}… in ${Math.round(ms)} ms`);
  }
});

t.test('no page makes it throw', async () => {
  const tag = fc.constantFrom(
    'p',
    'a href=x',
    'table',
    'tr',
    'td',
    'ul',
    'li',
    '/ul',
    '/p',
    'h1',
    'input',
    'select',
    'option',
    'img alt',
    'pre',
    'blockquote',
    '/table',
    'br',
    '!--',
    'svg',
    'textarea',
  );
  const piece = fc.oneof(
    tag.map((name) => `<${name}>`),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 120 }), (parts, width) => {
      renderPage(load('text/html', parts.join('')), width, plain);
    }),
    { numRuns: 300 },
  );
});
