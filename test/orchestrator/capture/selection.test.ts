import t from 'tap';
import { joinLink, selectEnds } from '../../../orchestrator/capture/selection.js';

const DEVICES = ['a', 'b', 'sw', 'router'];
const LINKS = ['a:eth0 -- sw:1', 'b:eth0 -- sw:2', 'sw:3 -- router:eth0', 'sw:4 -- router:eth1'];
const ENDS = [
  ...LINKS.flatMap((link) =>
    link.split(' -- ').map((end) => {
      const [device, port] = end.split(':');
      return { device, port, link };
    }),
  ),
  { device: 'b', port: 'eth1', link: '' },
  { device: 'sw', port: '9', link: 'sw:9 -- udp 127.0.0.1:26000' },
  { device: 'a', port: 'eth5', link: 'a:eth5 -- pc' },
];

function select(words: readonly string[], once = false): Record<string, unknown> {
  return Object.fromEntries(selectEnds(words, DEVICES, ENDS, { once }));
}

t.test('nothing named: all ports of all devices, also those that come later', async (t) => {
  const all = { outOnly: [] };
  t.same(select([]), { a: all, b: all, sw: all, router: all });
});

t.test('a device, an end, a link with both its ends, in either order, ports left out', async (t) => {
  t.same(select(['sw']), { sw: { outOnly: [] } });
  t.same(select(['a:eth0']), { a: { ports: ['eth0'], outOnly: [] } });
  const link = { a: { ports: ['eth0'], outOnly: [] }, sw: { ports: ['1'], outOnly: [] } };
  t.same(select(['a:eth0 -- sw:1']), link);
  t.same(select(['sw:1 -- a:eth0']), link);
  t.same(select(['a -- sw']), link);
  t.same(select(['a:eth0', 'sw:1']), link, 'as a shell without quotes hands it over');
  t.same(select(['router -- sw']), {
    sw: { ports: ['3', '4'], outOnly: [] },
    router: { ports: ['eth0', 'eth1'], outOnly: [] },
  });
  t.same(select(['sw:9 -- udp 127.0.0.1:26000']), { sw: { ports: ['9'], outOnly: [] } }, 'a link with one end');
  t.same(select(['b:eth1']), { b: { ports: ['eth1'], outOnly: [] } }, 'a port without a link');
  t.same(select(['sw', 'sw:1', 'sw']), { sw: { outOnly: [] } }, 'all holds, whatever else is named');
});

t.test('something that is not ours, by its name', async (t) => {
  const pc = { a: { ports: ['eth5'], outOnly: [] } };
  for (const word of ['a:eth5 -- pc', 'a -- pc', 'pc -- a', 'pc -- a:eth5', 'pc']) t.same(select([word]), pc, word);
  t.throws(() => select(['sw -- pc']), { exitStatus: 3, message: 'the lab has no device pc' });
});

t.test('a link without quotes: the `--` that was taken for the end of options', async (t) => {
  t.same(joinLink(['a', 'sw'], ['capture', 'a', '--', 'sw']), ['a -- sw']);
  t.same(joinLink(['b', 'a', 'sw:1', 'router'], ['--once', 'b', 'a', '--', 'sw:1', 'router']), [
    'b',
    'a -- sw:1',
    'router',
  ]);
  t.same(joinLink(['a', 'sw'], ['capture', '--', 'a', 'sw']), ['a', 'sw']);
  t.same(joinLink(['a', 'sw'], ['capture', 'a', 'sw', '--']), ['a', 'sw']);
  t.same(joinLink(['a -- sw'], ['capture', 'a -- sw']), ['a -- sw']);
  t.same(joinLink([], ['capture', '--']), []);
});

t.test('once: what comes in is left out where the other end is captured', async (t) => {
  t.same(select([], true), {
    a: { outOnly: ['eth0'] },
    b: { outOnly: ['eth0'] },
    sw: { outOnly: ['1', '2', '3', '4'] },
    router: { outOnly: ['eth0', 'eth1'] },
  });
  t.same(select(['a:eth0 -- sw:1', 'sw:2'], true), {
    a: { ports: ['eth0'], outOnly: ['eth0'] },
    sw: { ports: ['1', '2'], outOnly: ['1'] },
  });
  t.same(select(['a'], true), { a: { outOnly: [] } }, 'at the only end that is captured nothing is left out');
});

t.test('what is not there is told, with what is', async (t) => {
  t.throws(() => select(['ruoter']), {
    exitStatus: 3,
    message: 'the lab has no device ruoter',
    hint: 'Did you mean router?',
  });
  t.throws(() => select(['x:eth0 -- sw:1']), { exitStatus: 3, message: 'the lab has no device x' });
  t.throws(() => select(['a--sw']), {
    exitStatus: 3,
    message: /a--sw/,
    hint: 'A link has spaces around its dashes: "a -- sw".',
  });
  t.throws(() => select(['b:eth7']), {
    exitStatus: 2,
    message: 'b has no port eth7',
    hint: 'Its ports: b:eth0 (b:eth0 -- sw:2), b:eth1.',
  });
  t.throws(() => select(['a:eth0 -- sw:2']), {
    exitStatus: 2,
    message: 'there is no link a:eth0 -- sw:2',
    hint: /a:eth0 -- sw:1, b:eth0 -- sw:2/,
  });
  t.throws(() => select(['a -- b']), { exitStatus: 2, message: 'there is no link a -- b' });
  t.throws(() => select(['-w']), { exitStatus: 2, message: '"-w" is no link', hint: /quotes/ });
  t.throws(() => select(['a b c']), { exitStatus: 2, message: '"a b c" is no link', hint: /client:eth0/ });
});
