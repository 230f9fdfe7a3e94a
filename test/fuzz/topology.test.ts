/** Whatever is done to a topology file: it is read, or refused with words and places. Nothing else ever comes out. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { GRAPH_FORMATS, graphOf, planTopology, TopologyError } from '../../orchestrator/topology/index.js';
import { parse, shippedTopology } from '../orchestrator/topology/support/problems.js';
import { edit, word } from './yaml-edits.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200);
const TEXTS = ['hello', 'lan', 'routes', 'mini-internet'].map((name) => readFileSync(shippedTopology(name), 'utf8'));

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
