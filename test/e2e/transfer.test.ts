/** Ten megabytes through the mini-internet, byte for byte: as it is shipped, and over a link that does all it can against it. */
import t from 'tap';
import type { InterfaceRow, SocketRow } from '../../devices/control.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { bigSite } from './big-site.js';
import { netarium, waitFor } from './netarium.js';

const TEN_MEGABYTES = 10_000_000;

t.test('10 MB arrive byte-exact, and netstat shows the connection meanwhile', async (t) => {
  const net = netarium(t);
  const { topology, url, file } = bigSite(t, TEN_MEGABYTES);
  await net.up('transfer', topology);
  const fetching = net.json<FetchReport>('fetch', url);

  const sockets = () => net.json<SocketRow[]>('inspect', 'client', 'sockets');
  // On a busy machine the transfer may be over between two looks.
  const socket = await waitFor('a connection that has received something', async () =>
    (await sockets()).find(
      ({ state, bytesReceived }) => (state === 'ESTABLISHED' && bytesReceived > 0) || state === 'TIME_WAIT',
    ),
  );
  const netstat = await net.run('exec', 'client', '--', 'netstat', '-napt');
  const report = await fetching;

  t.match(report, { ok: true, status: 200, body: file, connections: [{ local: socket.local, close: 'four-way' }] });
  // What overflowed a socket buffer of this machine is told as lost, and sent again; no device has dropped anything.
  t.same(
    report.losses.filter(({ reason }) => reason !== 'notReceived'),
    [],
  );
  t.match(
    netstat.stdout.split('\n').find((line) => line.includes(socket.local)),
    // As on Linux, nobody owns what is in TIME_WAIT: on a fast machine the transfer may be over by now.
    /^tcp .* 203\.0\.113\.80:80 +(ESTABLISHED .*browser|TIME_WAIT +-)/,
  );
});

t.test('10 MB arrive byte-exact over a link that loses, reorders and duplicates', async (t) => {
  const net = netarium(t);
  // Without the delays of the other links: a round trip of 60 ms at 5 % loss means minutes, for every TCP (RFC 3819
  // section 8.3: the rate is about 1.2 * MSS / (RTT * sqrt(loss))).
  const { topology, url, file } = bigSite(t, TEN_MEGABYTES, (text) =>
    text
      .replaceAll(/, delay: \d+ms/g, '')
      .replace('- web -- ', '- {loss: 5%, reorder: 5%, reorderDelay: 3ms, duplicate: 2%, link: web -- ')
      .replace('server-switch:3', 'server-switch:3}'),
  );
  await net.up('lossy', topology);
  const report = await net.json<FetchReport>('fetch', url);
  t.match(report, { ok: true, status: 200, body: file });
  t.ok(report.connections[0].retransmissions > 100, `${report.connections[0].retransmissions} retransmissions`);

  const [{ drops, framesOut }] = await net.json<InterfaceRow[]>('inspect', 'web', 'interfaces');
  const lost = (drops.impairmentLoss ?? 0) / framesOut;
  t.ok(0.03 < lost && lost < 0.07, `the link lost ${(lost * 100).toFixed(1)} % of ${framesOut} frames`);
});
