import t from 'tap';
import { buildReport } from '../../../orchestrator/story/build.js';
import { waterfall } from '../../../orchestrator/story/waterfall.js';
import { exchange, LOAD, timing } from '../har/exchanges.js';
import { SceneBuilder } from './frames.js';

const plain = (_style: unknown, text: string) => text;

function waterfallOf(columns: number, change: Partial<typeof LOAD> = {}): string[] {
  return waterfall(buildReport(new SceneBuilder().build('client', { ...LOAD, ...change }), 'test'), columns, plain);
}

t.test('every request with its bar, where there is little room and where there is more', async (t) => {
  t.same(waterfallOf(77), [
    'STATUS  PRIORITY  BY               SIZE  URL               0         113.0 ms',
    '303     highest   HTTP/1.1          2 B  /login            █',
    '200     highest   HTTP/1.1       1000 B  /books…ional%20A  ░░▒▒▒───██',
    '304     high      HTTP/1.1      4.9 KiB  /a.js                      ·█',
    '200     low       cache             3 B  /a.png                     ◆',
    '200     highest   HTTP/2            2 B  img.se…com/a.css           ·▒▓▓▓──█',
    '–       lowest    ECONNREFUSED      0 B  fonts.…m/a.woff2                  ▒▒',
    '· waits its turn   ░ name   ▒ connects   ▓ TLS   ─ waits for the answer',
    '█ receives   ◆ cache',
  ]);
  const wide = waterfallOf(117);
  t.match(wide[0], /ASKED BY {2}URL/);
  t.equal(wide.length, 8, 'the legend has room in one line');
});

t.test('no line is longer than there is room, however long the addresses', async (t) => {
  const url = `http://www.server.com/${'deep/'.repeat(60)}?q=${'x'.repeat(500)}`;
  const exchanges = [...LOAD.exchanges, exchange({ url, method: 'GET' })];
  for (const columns of [72, 80, 100, 117]) {
    for (const line of waterfallOf(columns, { exchanges })) t.ok(line.length <= columns, `${columns}: ${line}`);
  }
});

t.test('hundreds of requests: the first ones, and how many more there are', async (t) => {
  const many = Array.from({ length: 200 }, (_, n) => {
    const times = { startTime: n, fetchStart: n, requestStart: n, responseStart: n + 1, responseEnd: n + 1 };
    return exchange({ url: `http://www.server.com/${n}`, timing: timing(times) });
  });
  const lines = waterfallOf(100, { exchanges: many });
  t.equal(lines.length, 83);
  t.equal(lines[81], '… and 120 more');
});

t.test('nothing to draw, and what took no time at all', async (t) => {
  t.same(waterfallOf(80, { exchanges: [] }), []);
  const atOnce = exchange({ timing: timing({ startTime: 0, fetchStart: 0, responseEnd: 0 }) });
  t.match(waterfallOf(80, { exchanges: [atOnce] })[1], /^200 .* \/ +·$/);
});
