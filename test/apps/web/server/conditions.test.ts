/** RFC 9110 section 13: what comes first, and what each condition means. */
import t from 'tap';
import { isSameForRange, judgeConditions } from '../../../../devices/apps/web/server/conditions.js';
import { httpDate, parseHttpDate } from '../../../../devices/apps/web/server/dates.js';

const MODIFIED = Date.UTC(2026, 10, 22, 12, 0, 0, 250);
const file = { etag: '"v1"', modifiedMs: MODIFIED };
const at = httpDate(MODIFIED);
const before = httpDate(MODIFIED - 1000);

t.test('dates: all three forms, and nothing else', async (t) => {
  const ms = Date.UTC(1994, 10, 6, 8, 49, 37);
  t.equal(httpDate(ms), 'Sun, 06 Nov 1994 08:49:37 GMT');
  for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    t.equal(parseHttpDate(text, MODIFIED), ms, text);
  }
  for (const bad of [
    '',
    'yesterday',
    '0',
    '2026-11-22',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 99 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 29 Feb 2025 08:49:37 GMT',
    'Sun, 06 Abc 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun Feb 30 08:49:37 1994',
  ]) {
    t.equal(parseHttpDate(bad, MODIFIED), undefined, bad);
  }
});

t.test('dates: leap seconds, years before 100, and the 50 years of those with two digits', async (t) => {
  const leap = Date.UTC(2017, 0, 1);
  t.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', MODIFIED), leap);
  t.ok((parseHttpDate('Sat, 01 Jan 0050 00:00:00 GMT', MODIFIED) ?? 0) < Date.UTC(100, 0));
  const yearOf = (digits: string, nowMs: number) =>
    new Date(parseHttpDate(`Sunday, 01-Mar-${digits} 00:00:00 GMT`, nowMs) ?? 0).getUTCFullYear();
  t.strictSame(
    ['26', '76', '77', '99', '00'].map((digits) => yearOf(digits, MODIFIED)),
    [2026, 2076, 1977, 1999, 2000],
  );
  t.strictSame(
    ['94', '44', '45'].map((digits) => yearOf(digits, Date.UTC(1994, 10))),
    [1994, 1944, 1945],
  );
});

t.test('one condition', async (t) => {
  const cases: [Record<string, string>, string][] = [
    [{}, 'proceed'],
    [{ 'if-none-match': '"v1"' }, 'not-modified'],
    [{ 'if-none-match': '"v0", W/"v1"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"v2"' }, 'proceed'],
    [{ 'if-modified-since': at }, 'not-modified'],
    [{ 'if-modified-since': before }, 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed'],
    [{ 'if-match': '"v1"' }, 'proceed'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"v2"' }, 'failed'],
    [{ 'if-match': 'W/"v1"' }, 'failed'],
    [{ 'if-unmodified-since': at }, 'proceed'],
    [{ 'if-unmodified-since': before }, 'failed'],
    [{ 'if-unmodified-since': 'never' }, 'proceed'],
  ];
  for (const [headers, verdict] of cases) t.equal(judgeConditions(headers, file), verdict, JSON.stringify(headers));
});

t.test('several: tags before dates, what must match before what must not', async (t) => {
  const cases: [Record<string, string>, string][] = [
    [{ 'if-none-match': '"v2"', 'if-modified-since': at }, 'proceed'],
    [{ 'if-none-match': '"v1"', 'if-modified-since': before }, 'not-modified'],
    [{ 'if-match': '"v1"', 'if-unmodified-since': before }, 'proceed'],
    [{ 'if-match': '"v2"', 'if-none-match': '"v1"' }, 'failed'],
    [{ 'if-match': '"v1"', 'if-none-match': '"v1"' }, 'not-modified'],
    [{ 'if-unmodified-since': before, 'if-none-match': '"v1"' }, 'failed'],
  ];
  for (const [headers, verdict] of cases) t.equal(judgeConditions(headers, file), verdict, JSON.stringify(headers));
});

t.test('If-Range: the same bytes, or the whole', async (t) => {
  t.ok(isSameForRange(undefined, file));
  t.ok(isSameForRange('"v1"', file));
  t.notOk(isSameForRange('W/"v1"', file), 'a weak tag promises nothing about bytes');
  t.notOk(isSameForRange('"v2"', file));
  t.ok(isSameForRange(at, file));
  t.notOk(isSameForRange(before, file), 'exactly that date');
  t.notOk(isSameForRange('nonsense', file));
});
