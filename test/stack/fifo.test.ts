import fc from 'fast-check';
import t from 'tap';
import { Fifo } from '../../devices/stack/fifo.js';

t.test('what went in first comes out first, as from a plain list', async (t) => {
  const action = fc.oneof(
    fc.record({ put: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 1500 }) }),
    fc.constant('drain' as const),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
      const fifo = new Fifo<number>();
      let list: number[] = [];
      let next = 0;
      for (const one of actions) {
        if (one === 'drain') {
          t.same(fifo.drain(), list);
          list = [];
        } else if ('put' in one) {
          for (let i = 0; i < one.put; i++) {
            fifo.push(next);
            list.push(next++);
          }
        } else {
          const taken = list.splice(0, one.take);
          for (const item of taken) if (fifo.shift() !== item) throw new Error(`${item} does not come out`);
        }
        if (fifo.length !== list.length || fifo.first !== list[0] || fifo.last !== list.at(-1)) {
          throw new Error(`${fifo.length} items from ${fifo.first} to ${fifo.last}, not ${list.length}`);
        }
      }
    }),
    { numRuns: 50 },
  );
});

t.test('an item is inserted behind those with the same key', async (t) => {
  const fifo = new Fifo<{ readonly key: number; readonly name: string }>();
  for (const [key, name] of [
    [1, 'a'],
    [3, 'b'],
    [2, 'c'],
    [3, 'd'],
    [0, 'e'],
    [2, 'f'],
  ] as const) {
    fifo.insert({ key, name }, (item) => item.key);
  }
  t.equal(fifo.shift()?.name, 'e');
  fifo.insert({ key: 0, name: 'g' }, (item) => item.key);
  t.equal(
    fifo
      .drain()
      .map(({ name }) => name)
      .join(''),
    'gacfbd',
  );
  t.equal(fifo.shift(), undefined);
});
