/** What docs/filters.md shows can be typed as it stands. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { compileFilter } from '../../../../devices/stack/wire/filter/filter.js';
import { compileEitherFilter } from '../../../../devices/stack/wire/pcap-filter/pcap-filter.js';

const blocks = [...readFileSync('docs/filters.md', 'utf8').matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text]) =>
  text.trim().split('\n'),
);

t.test('the examples of the language', async (t) => {
  const [expressions] = blocks;
  t.ok(expressions.length > 5);
  for (const line of expressions) {
    const [text] = line.split(/ {2,}/);
    t.hasProp(compileFilter(text), 'matches', text);
  }
});

t.test("the examples for tcpdump, in libpcap's language and in this one", async (t) => {
  const lines = blocks[1];
  t.ok(lines.length > 3);
  for (const line of lines) {
    const [, text] = /'(.*)'/.exec(line) ?? [];
    t.hasProp(compileEitherFilter(text), 'matches', text);
  }
});
