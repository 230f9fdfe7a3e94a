import t from 'tap';
import { hopsOf, pathOf } from '../../../orchestrator/story/hops.js';
import { exchanges } from '../../../orchestrator/story/http-story.js';
import { SceneBuilder, tcpPacket } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '10.10.1.101', port: 40000 };
const INSIDE = { mac: '02:00:00:00:00:0a', ip: '10.10.1.1', port: 0 };
const OUTSIDE = { mac: '02:00:00:00:00:0b', ip: '192.168.1.1', port: 0 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.168.1.100', port: 80 };

/** client – switch (with a listener) – router – server, and one request. */
function scene(): SceneBuilder {
  const text = { flags: 'PA', seq: 1, ack: 1, data: 'GET' };
  const first = tcpPacket(CLIENT, { ...SERVER, mac: INSIDE.mac }, text, 64);
  const second = tcpPacket({ ...CLIENT, mac: OUTSIDE.mac }, SERVER, text, 63);
  const connection = { local: '10.10.1.101:40000', remote: '192.168.1.100:80' };
  return new SceneBuilder()
    .port('client:eth0', 'host', CLIENT.mac, ['10.10.1.101/24'])
    .port('sw:1', 'switch')
    .port('sw:2', 'switch')
    .port('sw:3', 'switch')
    .port('other:eth0', 'host', '02:00:00:00:00:03', ['10.10.1.102/24'])
    .port('router:eth0', 'router', INSIDE.mac, ['10.10.1.1/24'])
    .port('router:eth1', 'router', OUTSIDE.mac, ['192.168.1.1/24'])
    .port('server:eth0', 'host', SERVER.mac, ['192.168.1.100/24'])
    .told('client', {
      event: 'http-request',
      protocol: 'HTTP/1.1',
      url: 'http://www.server.com/',
      method: 'GET',
      head: 'GET / HTTP/1.1\r\n\r\n',
      bodyBytes: 0,
      ...connection,
    })
    .seen(first, 'client:eth0 out', 'sw:1 in', 'sw:2 out', 'sw:3 out', 'other:eth0 in', 'router:eth0 in')
    .seen(second, 'router:eth1 out', 'server:eth0 in')
    .seen(second, 'router:eth1 out');
}

t.test('Router: IP addresses stay, MAC addresses change, the TTL falls', async (t) => {
  const built = scene().build('client');
  const [exchange] = exchanges(built);
  const path = pathOf(built, exchange?.requestSegments[0]?.frame, exchange?.remote ?? '');
  t.same(
    path.map(({ device, kind }) => `${device} ${kind}`),
    ['client host', 'sw switch', 'router router', 'server host'],
    'who only overheard the frame is not on its way',
  );
  t.same(hopsOf(path), [
    {
      device: 'router',
      kind: 'router',
      in: {
        srcMac: CLIENT.mac,
        dstMac: INSIDE.mac,
        srcIp: CLIENT.ip,
        dstIp: SERVER.ip,
        ttl: 64,
        port: 'eth0',
        frame: 6,
      },
      out: {
        srcMac: OUTSIDE.mac,
        dstMac: SERVER.mac,
        srcIp: CLIENT.ip,
        dstIp: SERVER.ip,
        ttl: 63,
        port: 'eth1',
        frame: 7,
      },
    },
  ]);
  t.equal(path[0].in, undefined);
  t.equal(path[3].out, undefined);
});

t.test('a request that never left has no path', async (t) => {
  t.same(pathOf(scene().build('client'), undefined, ''), []);
});

t.test('the exchange: what was sent and received, repeated data once', async (t) => {
  const from = { ...SERVER, mac: INSIDE.mac };
  const builder = scene();
  for (const seq of [1, 4, 4]) {
    builder.seen(tcpPacket(from, CLIENT, { flags: 'PA', seq, ack: 4, data: 'abc' }), 'client:eth0 in');
  }
  const [exchange] = exchanges(builder.build('client'));
  t.match(exchange, { method: 'GET', requestBytes: 3, responseBytes: 6, status: 0, responseHead: '' });
  t.same(
    exchange.responseSegments.map(({ seq, length, direction }) => `${direction} ${seq} ${length}`),
    ['in 1 3', 'in 4 3'],
  );
});
