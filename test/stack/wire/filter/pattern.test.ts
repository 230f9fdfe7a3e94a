import fc from 'fast-check';
import t from 'tap';
import { compilePattern } from '../../../../devices/stack/wire/filter/pattern.js';

function found(pattern: string, text: string | Uint8Array): boolean {
  const search = compilePattern(pattern);
  if (search instanceof Error) throw search;
  return search(text);
}

function problem(pattern: string): string {
  const search = compilePattern(pattern);
  return search instanceof Error ? search.message : 'none';
}

t.test('what regular expressions do', async (t) => {
  for (const [pattern, text, expected] of [
    ['', '', true],
    ['a', 'xAx', true],
    ['(?-i)a', 'xAx', false],
    ['(?i)a', 'xAx', true],
    ['^www\\.', 'www.server.com', true],
    ['^www\\.', 'wwwxserver.com', false],
    ['com$', 'www.server.com', true],
    ['com$', 'www.server.com\n', true],
    ['com$', 'www.server.com.', false],
    ['^a.c$', 'a\nc', false],
    ['[^a-y]', 'abz', true],
    ['[^a-z]', 'abZ', false],
    ['[\\d.]{3}', 'x1.2', true],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['^(ab|c)*d', 'abcabd', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{2}?b', 'aab', true],
    ['a{,2}', 'a{,2}', true],
    ['\\bcat\\b', 'a cat sat', true],
    ['\\bcat\\b', 'concatenate', false],
    ['\\Bcat', 'concatenate', true],
    ['\\x41\\t', 'a\t', true],
    ['^(?:)*$', '', true],
    ['^(a*)*$', 'aaab', false],
    ['é', 'é', true],
  ] as const) {
    t.equal(found(pattern, text), expected, `${pattern} in ${JSON.stringify(text)}`);
  }
  t.equal(found('^\\x00\\xff$', Uint8Array.of(0, 255)), true, 'in bytes');
});

t.test('what it does not take', async (t) => {
  t.equal(problem('(a'), 'a ")" is missing in the pattern');
  t.equal(problem('a)'), 'the pattern has a ")" too many');
  t.equal(problem('[a'), 'the pattern ends too early');
  t.equal(problem('[z-a]'), 'a range in "[…]" is out of order');
  t.equal(problem('(a)\\1'), '"\\1" is not known here');
  t.equal(problem('a++'), 'possessive repetition is not known here');
  t.equal(problem('[[:alpha:]]'), 'named classes such as "[:alpha:]" are not known here');
  t.equal(problem('a{300}'), 'a repetition counts up to 255, from less to more');
  t.equal(problem('((a{200}){200}){200}'), 'the pattern is too large');
  t.equal(problem('((((){255}){255}){255}){255}'), 'the pattern is too large');
  t.equal(problem(`${'('.repeat(60)}${')'.repeat(60)}`), 'more than 50 groups within each other');
});

t.test('patterns that make others go back and forth for ever end at once', async (t) => {
  const text = 'a'.repeat(1500);
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(.*a){10}b', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    const before = process.cpuUsage().user;
    found(pattern, `${text}!`);
    t.ok(process.cpuUsage().user - before < 2_000_000, pattern);
  }
});

t.test('the same verdict as the engine of the language', async () => {
  const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '^', '$', '\\b', 'ab');
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}')).map(([a, b]) => `(?:${a})${b}`),
    ),
  }));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 12 });
  fc.assert(
    fc.property(pattern, text, (pattern, text) => found(pattern, text) === new RegExp(pattern, 'i').test(text)),
    { numRuns: 5000 },
  );
});
