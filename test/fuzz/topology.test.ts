/** Whatever is done to a topology file: it is read, or refused with words and places. Nothing else ever comes out. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { GRAPH_FORMATS, graphOf, planTopology, TopologyError } from '../../orchestrator/topology/index.js';
import { parse, shippedTopology } from '../orchestrator/topology/support/problems.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200);
const TEXTS = ['hello', 'lan', 'routes', 'mini-internet'].map((name) => readFileSync(shippedTopology(name), 'utf8'));

/** Words that are something somewhere, and things that YAML or JavaScript treat specially. */
const WORDS = [
  ...['host', 'switch', 'hub', 'router', 'dns-server', 'eth0', 'eth7', '1', '99', 'dhcp', 'default', '.', '@', "'@'"],
  ...['10.0.0.1', '10.0.0.1/24', '10.0.0.0/31', '0.0.0.0/0', '255.255.255.255/32', '192.168.1.100-192.168.1.199'],
  ...['20ms', '1%', '10Mbit', '64KiB', '20', '-1', '1e999', '.nan', '0x10', 'true', 'null', '~', ''],
  ...[
    'a -- b',
    '{}',
    '[]',
    '[[]]',
    '{a: {}}',
    '*x',
    '&x',
    '<<: *x',
    '!!binary ab',
    '!tag',
    '---',
    '...',
    '#',
    '|',
    '>',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'kind', 'devices', 'links', 'zones', 'sites', 'from'],
  ...[': ', '- ', '\n', '\n  ', '\t', '\u0000', '\u001b[2J', '\ud800', '"', "'", '{', '}', '[', ']', ',', '?'],
];

type Edit = (text: string) => string;

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 12 }));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  // One word for another.
  fc.tuple(position, word).map(
    ([at, by]): Edit =>
      (text) => {
        const words = [...text.matchAll(/[^\s{}[\],:]+/g)];
        const found = words[Math.floor(at * words.length)];
        return found === undefined ? by : text.slice(0, found.index) + by + text.slice(found.index + found[0].length);
      },
  ),
  // Something in between.
  fc.tuple(position, word).map(
    ([at, what]): Edit =>
      (text) => {
        const place = Math.floor(at * text.length);
        return text.slice(0, place) + what + text.slice(place);
      },
  ),
  // A line lost, doubled, moved, or indented otherwise.
  fc.tuple(position, position, fc.constantFrom('lose', 'double', 'move', 'indent')).map(
    ([at, to, how]): Edit =>
      (text) => {
        const lines = text.split('\n');
        const from = Math.floor(at * lines.length);
        const [line] = lines.splice(from, 1);
        if (how === 'double') lines.splice(from, 0, line, line);
        if (how === 'move') lines.splice(Math.floor(to * lines.length), 0, line);
        if (how === 'indent') lines.splice(from, 0, `${' '.repeat(Math.floor(to * 8))}${line.trim()}`);
        return lines.join('\n');
      },
  ),
  // A piece lost.
  fc.tuple(position, fc.nat(40)).map(
    ([at, length]): Edit =>
      (text) => {
        const place = Math.floor(at * text.length);
        return text.slice(0, place) + text.slice(place + length);
      },
  ),
);

function check(text: string): void {
  try {
    const topology = parse(text);
    planTopology(topology, { lab: 'fuzz', runDir: '/run/fuzz', basePort: 20000 });
    for (const format of GRAPH_FORMATS) graphOf(topology, format);
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    if (error.problems.length === 0) throw new Error('refused without a reason');
    for (const { message, place } of error.problems) {
      if (/undefined|\[object|NaN|Invalid input/.test(message) && !text.includes('undefined'))
        throw new Error(`poor words: ${message}`);
      const lines = text.split('\n');
      if (place !== undefined && (place.line > lines.length || place.column < 1))
        throw new Error(`no such place: ${message}`);
    }
  }
}

t.test('shipped topologies with edits', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...TEXTS), fc.array(edit, { minLength: 1, maxLength: 6 }), (text, edits) => {
      check(edits.reduce((edited, change) => change(edited), text));
    }),
    { numRuns: RUNS },
  );
});

t.test('any text', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => check(text)),
    { numRuns: RUNS },
  );
});

t.test('any YAML values under the known keys', async () => {
  const leaf = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double());
  const key = fc.oneof(
    fc.constantFrom(
      ...[
        'kind',
        'address',
        'interfaces',
        'eth0',
        'gateway',
        'routes',
        'resolver',
        'sites',
        'zones',
        'secondary',
        'transfer',
        'notify',
        'dhcpServer',
        'link',
      ],
      ...[
        'pool',
        'subnet',
        'from',
        'delay',
        'A',
        'MX',
        'weight',
        'CNAME',
        '$TTL',
        'server.com',
        'servers',
        'hosts',
        'root',
        'via',
        'a',
        'b',
      ],
    ),
    word,
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }));
  const device = fc.tuple(
    fc.constantFrom('host', 'switch', 'hub', 'router', 'dns-server'),
    fc.dictionary(key, value, { maxKeys: 5 }),
  );
  const file = fc.record({
    devices: fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'sw', 'r'),
      device.map(([kind, rest]) => ({ ...rest, kind })),
    ),
    links: fc.array(fc.oneof(fc.constantFrom('a -- b', 'b -- sw', 'a:eth1 -- r', 'r -- sw:2', 'c -- a'), value), {
      maxLength: 4,
    }),
  });
  fc.assert(
    fc.property(file, (topology) => check(JSON.stringify(topology))),
    { numRuns: RUNS },
  );
});
