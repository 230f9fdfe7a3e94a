import fc from 'fast-check';
import t from 'tap';
import { type ChaosOrders, checkChaosOrders } from '../../devices/control.js';

const of = { fault: 'fault-1', title: 'a title' };
const link = { ...of, port: 'eth0', direction: 'out', seed: 'x' };
const rule = { ...of, filter: 'tcp', at: 'origin', seed: 'x', action: { kind: 'drop' } };

t.test('orders that are right come back as they are', async (t) => {
  const orders = {
    links: [
      { ...link, impairment: { loss: 0.2 } },
      { ...link, direction: 'in', state: 'down' },
    ],
    rules: [
      { ...rule, skip: 1, count: 1, share: 0.5, claims: '/run/x' },
      { ...rule, filter: '', at: { port: 'eth0' }, action: { kind: 'delay', delayMs: 5, jitterMs: 1 } },
      { ...rule, at: 'device', action: { kind: 'corrupt', bits: 3, fixFcs: true } },
      { ...rule, action: { kind: 'reply', reply: 'servfail' } },
      { ...rule, action: { kind: 'reset', afterBytes: 10_000 } },
      { ...rule, action: { kind: 'duplicate', copies: 2 } },
    ],
    cpus: [{ ...of, factor: 4 }],
    clocks: [{ ...of, rate: 1.05, offsetMs: -3_600_000 }],
  };
  t.equal(checkChaosOrders(orders), orders as unknown as ChaosOrders);
  t.same(checkChaosOrders({ links: [], rules: [] }), { links: [], rules: [] });
});

t.test('what is wrong is told with its place', async (t) => {
  const wrong: [object, string][] = [
    [{}, 'links: is missing'],
    [{ links: [], rules: [], cpu: [] }, 'cpu: unknown key; known are links, rules, cpus, clocks'],
    [{ links: [{ ...link, impairment: { loss: 1.2 } }], rules: [] }, 'links[0].impairment.loss: expected'],
    [{ links: [{ ...link, state: 'up' }], rules: [] }, 'links[0].state: expected one of down, blackhole, got "up"'],
    [{ links: [{ ...link, title: 'a\nb' }], rules: [] }, 'links[0].title: expected one line'],
    [{ links: [], rules: [{ ...rule, filter: 'tcp.prot == 1' }] }, 'rules[0].filter, column 1: '],
    [{ links: [], rules: [rule, { ...rule, filter: 'tcp.port ==' }] }, 'rules[1].filter, column 12: '],
    [{ links: [], rules: [{ ...rule, filter: 7 }] }, 'rules[0].filter: expected a text, got 7'],
    [{ links: [], rules: [{ ...rule, at: 'here' }] }, 'rules[0].at: expected origin, device or {"port": …}'],
    [{ links: [], rules: [{ ...rule, at: null }] }, 'rules[0].at: expected an object, got null'],
    [{ links: [], rules: [{ ...rule, count: 0 }] }, 'rules[0].count: expected a whole number from 1 to 1000000'],
    [{ links: [], rules: [{ ...rule, share: -0.1 }] }, 'rules[0].share: expected a number from 0 to 1, got -0.1'],
    [
      { links: [], rules: [{ ...rule, action: { kind: 'explode' } }] },
      'rules[0].action.kind: expected one of drop, delay, duplicate, corrupt, reply, reset, got "explode"',
    ],
    [
      { links: [], rules: [{ ...rule, action: { kind: 'delay', delayMs: -1 } }] },
      'rules[0].action.delayMs: expected a number from 0 to 86400000, got -1',
    ],
    [
      { links: [], rules: [{ ...rule, action: { kind: 'reply', reply: 'nonsense' } }] },
      'rules[0].action.reply: expected one of noerror',
    ],
    [{ links: [], rules: [{ ...rule, action: 'drop' }] }, 'rules[0].action: expected an object, got "drop"'],
    [
      { links: [], rules: [], cpus: [{ ...of, factor: 1 }] },
      'cpus[0].factor: expected a number above 1, to 1000, got 1',
    ],
    [
      { links: [], rules: [], clocks: [{ ...of, rate: 11 }] },
      'clocks[0].rate: expected a number from 0.1 to 10, got 11',
    ],
  ];
  for (const [orders, message] of wrong) {
    const fault = checkChaosOrders(orders);
    t.ok(typeof fault === 'string' && fault.startsWith(message), `${JSON.stringify(orders)}: ${fault}`);
  }
});

t.test('whatever comes is taken or refused in words', async (t) => {
  const part = fc.oneof(fc.json(), fc.constantFrom(link, rule, 'tcp', 'origin', 'drop', 1, null, [], {}));
  const order = fc.oneof(
    fc.dictionary(fc.constantFrom(...Object.keys({ ...link, ...rule }), 'skip', 'impairment'), part),
    fc
      .tuple(fc.constantFrom(link, rule), fc.dictionary(fc.constantFrom('at', 'action', 'count'), part))
      .map(([sound, change]) => ({ ...sound, ...change })),
    part,
  );
  const lists = fc.oneof(fc.array(order, { maxLength: 3 }), part);
  const orders = fc.record({ links: lists, rules: lists, cpus: lists, clocks: lists }, { requiredKeys: [] });
  fc.assert(
    fc.property(orders, (value) => {
      const checked = checkChaosOrders(value);
      return typeof checked === 'string' ? checked.length > 0 : checked === (value as unknown);
    }),
    { numRuns: 500 },
  );
  t.pass();
});
