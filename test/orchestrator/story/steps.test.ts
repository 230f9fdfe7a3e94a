import t from 'tap';
import type { RouteRow } from '../../../devices/control.js';
import { ARP_REPLY, ARP_REQUEST } from '../../../devices/stack/wire/arp.js';
import { ICMP_TIME_EXCEEDED } from '../../../devices/stack/wire/icmp.js';
import { arpStory } from '../../../orchestrator/story/arp-story.js';
import { buildReport } from '../../../orchestrator/story/build.js';
import { lossStory, markStory } from '../../../orchestrator/story/loss-story.js';
import { allSteps, chooseRoute } from '../../../orchestrator/story/steps.js';
import { arpPacket, icmpPacket, ip, mac, SceneBuilder } from './frames.js';
import { smallPage } from './small-page.js';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const A = { mac: '02:00:00:00:00:01', ip: '192.168.1.2', port: 0 };
const B = { mac: '02:00:00:00:00:02', ip: '192.168.1.3', port: 0 };

function route(destination: string, genmask: string, change: Partial<RouteRow> = {}): RouteRow {
  return { destination, genmask, gateway: '', interface: 'eth0', metric: 0, flags: 'U', source: 'static', ...change };
}

t.test('Source address by route: mask-and-compare, most specific first, default last', async (t) => {
  const rows = [
    route('0.0.0.0', '0.0.0.0', { gateway: '192.168.3.1' }),
    route('192.168.3.0', '255.255.255.0'),
    route('192.168.10.0', '255.255.255.0', { interface: 'eth1' }),
  ];
  t.equal(chooseRoute(rows, ip('192.168.10.200')), rows[2]);
  t.equal(chooseRoute(rows, ip('10.100.20.100')), rows[0]);
  t.equal(chooseRoute(rows.slice(1), ip('10.100.20.100')), undefined);
  const two = [route('10.0.0.0', '255.0.0.0', { metric: 5 }), route('10.0.0.0', '255.0.0.0', { metric: 1 })];
  t.equal(chooseRoute(two, ip('10.1.1.1')), two[1], 'of two alike the lower metric');
  const high = [route('200.0.0.0', '255.0.0.0')];
  t.equal(chooseRoute(high, ip('200.1.2.3')), high[0], 'addresses above 127 are unsigned');
});

/** A and B on a switch; a third one overhears. */
function arpScene(): SceneBuilder {
  return new SceneBuilder()
    .port('a:eth0', 'host', A.mac, ['192.168.1.2/24'])
    .port('sw:1', 'switch')
    .port('sw:2', 'switch')
    .port('b:eth0', 'host', B.mac, ['192.168.1.3/24']);
}

const request = arpPacket(BROADCAST, {
  operation: ARP_REQUEST,
  senderMac: mac(A.mac),
  senderIp: ip(A.ip),
  targetMac: 0,
  targetIp: ip(B.ip),
});
const reply = arpPacket(A.mac, {
  operation: ARP_REPLY,
  senderMac: mac(B.mac),
  senderIp: ip(B.ip),
  targetMac: mac(A.mac),
  targetIp: ip(A.ip),
});

const steps = (builder: SceneBuilder) => {
  const scene = builder.build('a');
  const lost = { losses: lossStory(scene), marks: markStory(scene) };
  const parts = { dns: [], arp: arpStory(scene), connections: [], exchanges: [], tls: [], ...lost };
  return allSteps(scene, parts).map(({ device, layer, summary, frames }) => `${device} ${layer} ${summary} #${frames}`);
};

t.test('ARP: one step a question, told by who asked, with the reply that came in', async (t) => {
  const scene = arpScene()
    .seen(request, 'a:eth0 out', 'sw:1 in', 'sw:2 out', 'b:eth0 in')
    .seen(reply, 'b:eth0 out', 'sw:2 in', 'sw:1 out', 'a:eth0 in');
  t.same(steps(scene), ['a arp asks everybody on eth0: who has b (192.168.1.3)? it is at 02:00:00:00:00:02 #1,8']);
});

t.test('ARP: a question without an answer, and one that an impairment dropped', async (t) => {
  const scene = arpScene().seen(request, 'a:eth0 out', 'sw:1 in').seen(request, 'a:eth0 out impairmentLoss');
  t.same(steps(scene), [
    'a arp asks everybody on eth0: who has b (192.168.1.3)? No answer yet as the capture ends #1',
    'a arp LOST leaving by eth0: ARP request from a to b; the link loses it #3',
  ]);
  scene.at(1000).seen(request, 'a:eth0 out');
  t.match(steps(scene)[0], /No answer #1$/);
});

t.test('ARP: an announcement is no question', async (t) => {
  const announcement = arpPacket(BROADCAST, {
    operation: ARP_REQUEST,
    senderMac: mac(A.mac),
    senderIp: ip(A.ip),
    targetMac: 0,
    targetIp: ip(A.ip),
  });
  t.same(steps(arpScene().seen(announcement, 'a:eth0 out')), [
    'a arp announces that 192.168.1.2 is at 02:00:00:00:00:01 #1',
  ]);
});

t.test('an error of the network is told with who reports it', async (t) => {
  const error = { type: ICMP_TIME_EXCEEDED, code: 0, rest: 0, body: new Uint8Array(28) };
  const [step] = steps(arpScene().seen(icmpPacket(B, A, error), 'a:eth0 in'));
  t.match(step, /^a icmp b \(192\.168\.1\.3\) reports: .*exceeded.* #1$/i);
});

t.test('a retransmission and the parts of a page are told by the device', async (t) => {
  const scene = arpScene()
    .told('b', { event: 'tcp-retransmit', local: '', remote: '192.168.1.2:40000', seq: 7, reason: 'timeout' })
    .at(1)
    .told('a', { event: 'html-parsed', url: 'http://b/', resources: ['http://b/a.css', 'http://b/b.js'] })
    .told('a', { event: 'html-parsed', url: 'http://b/c', resources: [] })
    .told('a', { event: 'css-parsed', url: 'http://b/a.css', resources: ['http://b/a.png'] })
    .told('a', { event: 'css-parsed', url: 'http://b/c.css', resources: [] })
    .told('a', { event: 'resource-hint', hint: 'dns-prefetch', host: 'c' })
    .told('a', { event: 'resource-hint', hint: 'preconnect', host: 'd' })
    .told('a', { event: 'http-cache', url: 'http://b/a.css', outcome: 'stale', ageSeconds: 90 })
    .told('a', { event: 'http-cache', url: 'http://b/b.js', outcome: 'miss' });
  t.same(steps(scene), [
    'b tcp sends seq=7 to 192.168.1.2:40000 again: no acknowledgement in time #',
    'a http has http://b/a.css in its cache, 1 m 30 s old: asks whether it is still good #',
    'a html the page needs 2 more: http://b/a.css http://b/b.js #',
    'a html the page needs nothing more #',
    'a html the style sheet http://b/a.css needs 1 more: http://b/a.png #',
    'a html the page says by dns-prefetch: look up c before it is needed #',
    'a html the page says by preconnect: connect to d before it is needed #',
  ]);
});

t.test('all steps are in order of time, those of one instant in the order of the layers', async (t) => {
  const told = buildReport(smallPage(), 'test').steps;
  t.same(
    told.map(({ atMs, layer, frames }) => `${atMs} ${layer} #${frames}`),
    [
      '0 url #',
      '0 dns #',
      '1 arp #1,4',
      '2 routing #',
      '2 tcp #5',
      '2.3 tcp #8',
      '2.4 tcp #9',
      '3 http #11',
      '3.3 http #14',
      '4 tcp #15',
      '4.3 tcp #18',
      '4.4 tcp #19',
    ],
  );
});
