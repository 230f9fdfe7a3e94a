import fc from 'fast-check';
import t from 'tap';
import { UsageError } from '../../../devices/apps/commands/define.js';
import { isWanted, parseSocketFilter } from '../../../devices/apps/commands/ss-filter.js';
import { SS_STATES, stateOf } from '../../../devices/apps/commands/ss-state.js';
import { row } from './socket-row.js';

const SOCKETS = [
  row({ local: '0.0.0.0:80', remote: '0.0.0.0:*', state: 'LISTEN' }),
  row({ local: '10.0.0.2:80', remote: '10.0.0.1:40000', state: 'ESTABLISHED' }),
  row({ local: '10.0.0.2:80', remote: '192.168.1.9:40001', state: 'TIME_WAIT' }),
  row({ local: '10.0.0.2:443', remote: '192.168.1.9:40002', state: 'SYN_RECV' }),
  row({ local: '10.0.0.2:40003', remote: '10.0.0.1:22', state: 'FIN_WAIT1' }),
  row({ protocol: 'udp', local: '0.0.0.0:53', remote: '0.0.0.0:*' }),
  row({ protocol: 'udp', local: '10.0.0.2:5000', remote: '10.0.0.1:53' }),
];

/** Numbers of the sockets that are shown with `-a`. */
function shown(filter: string, all = true, listening = false): number[] {
  const parsed = parseSocketFilter(filter.split(' '));
  return SOCKETS.flatMap((each, index) =>
    isWanted(each, parsed, all, listening) && parsed.matches(each) ? [index] : [],
  );
}

t.test('without a filter the options say which sockets', async (t) => {
  t.same(shown(''), [0, 1, 2, 3, 4, 5, 6]);
  t.same(shown('', false, true), [0, 5]);
  t.same(shown('', false), [1, 4, 6]);
});

t.test('states, whatever the options say', async (t) => {
  t.same(shown('state established', false), [1, 6]);
  t.same(shown('state time-wait state listening', false), [0, 2]);
  t.same(shown('state bucket', false), [2, 3]);
  t.same(shown('state connected'), [1, 2, 3, 4, 6]);
  t.same(shown('state all exclude established'), [0, 2, 3, 4, 5]);
  t.same(shown('exclude listening excl bucket'), [1, 4, 5, 6]);
  t.same(shown('state closed'), [5]);
  t.equal(SS_STATES.length, parseSocketFilter(['state', 'all']).states?.size);
});

t.test('ports', async (t) => {
  t.same(shown('sport = :80'), [0, 1, 2]);
  t.same(shown('sport = 80'), [0, 1, 2]);
  t.same(shown('sport :http'), [0, 1, 2]);
  t.same(shown('sport eq :https'), [3]);
  t.same(shown('dport gt :1024'), [1, 2, 3]);
  t.same(shown('dport <= :53 and dport != :53 dport >= :1'), [4]);
});

t.test('addresses and networks', async (t) => {
  t.same(shown('dst 10.0.0.0/8'), [1, 4, 6]);
  t.same(shown('dst = 192.168.1.9'), [2, 3]);
  t.same(shown('dst 192.168.1.9:40002'), [3]);
  t.same(shown('dst :53'), [6]);
  t.same(shown('src *:80'), [0, 1, 2]);
  t.same(shown('src != 10.0.0.2'), [0, 5]);
  t.same(shown('dst 0.0.0.0/0'), [0, 1, 2, 3, 4, 5, 6]);
});

t.test('and, or, not, parentheses', async (t) => {
  t.same(shown('state connected sport = :80 and dst 10.0.0.0/8 or dport = :22'), [1, 4]);
  t.same(shown('sport = :80 and ( dst 10.0.0.1 or dst 192.168.1.9 )'), [1, 2]);
  t.same(shown('(sport = :80 or sport = :443) && !dst 10.0.0.1'.replace('!', '! ')), [0, 2, 3]);
  t.same(shown('not ( sport = :80 | sport = :53 )'), [3, 4, 6]);
  t.same(parseSocketFilter(['( sport = :80 )']).matches(SOCKETS[0]), true, 'in one word of a shell');
});

t.test('what is no filter is told', async (t) => {
  for (const [wrong, why] of [
    ['state foo', /wrong state name: foo/],
    ['state', /wrong state name: /],
    ['foo bar', /'foo' begins no condition/],
    ['dst foo', /an inet prefix is expected rather than "foo"/],
    ['dst 10.0.0.1:foo', /neither an address/],
    ['sport = :99999', /not a port/],
    ['sport =', /ends too early/],
    ['( sport = :80', /ends too early/],
    ['( sport = :80 sport = :81', /ends too early/],
    ['sport = :80 )', /unexpected '\)'/],
    ['dst > 10.0.0.1', /= and != only/],
    [`${'not '.repeat(100)} sport = :80`, /too deeply/],
  ] as const) {
    t.throws(() => parseSocketFilter(wrong.split(' ')), why, wrong);
  }
});

t.test('any words are a filter or a usage error', async () => {
  const word = fc.constantFrom(
    '(',
    ')',
    '!',
    'and',
    'or',
    'not',
    'src',
    'dst',
    'sport',
    '=',
    '>',
    ':80',
    '10.0.0.1',
    'x',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (words) => {
      try {
        const { matches } = parseSocketFilter(words);
        for (const socket of SOCKETS) matches(socket);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
      }
    }),
  );
});

t.test('states of UDP', async (t) => {
  t.equal(stateOf(SOCKETS[5]), 'UNCONN');
  t.equal(stateOf(SOCKETS[6]), 'ESTAB');
});
