import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ARP_REPLY, ARP_REQUEST } from '../../../devices/stack/wire/arp.js';
import { dnsQuery, dnsResponse } from '../../../devices/stack/wire/dns.js';
import { echoRest, ICMP_ECHO_REQUEST } from '../../../devices/stack/wire/icmp.js';
import { ByteSink } from '../../../orchestrator/capture/byte-sink.js';
import { writeCaptureFile } from '../../../orchestrator/capture/capture-file.js';
import { keyLogOf, writeKeyLogFile } from '../../../orchestrator/capture/key-log.js';
import { type TlsConversation, tlsConversation } from '../../support/tls-conversation.js';
import { Wireshark } from '../../support/wireshark.js';
import { arpPacket, dnsPacket, icmpPacket, ip, mac, SceneBuilder, tcpPacket } from '../story/frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 80 };
const REQUEST = tcpPacket(CLIENT, SERVER, {
  flags: 'PA',
  seq: 101,
  ack: 501,
  data: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
});

const wireshark = await Wireshark.start();

function conversation(): SceneBuilder {
  const scene = new SceneBuilder()
    .port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24'])
    .port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24']);
  const there = ['client:eth0 out', 'server:eth0 in'];
  const back = ['server:eth0 out', 'client:eth0 in'];
  const ask = {
    operation: ARP_REQUEST,
    senderMac: mac(CLIENT.mac),
    senderIp: ip(CLIENT.ip),
    targetMac: 0,
    targetIp: ip(SERVER.ip),
  };
  const reply = {
    operation: ARP_REPLY,
    senderMac: mac(SERVER.mac),
    senderIp: ip(SERVER.ip),
    targetMac: mac(CLIENT.mac),
    targetIp: ip(CLIENT.ip),
  };
  const query = dnsQuery(7, 'www.server.com', 'A', true);
  const answers = [{ name: 'www.server.com', type: 'A' as const, class: 1, ttl: 300, address: ip('192.0.2.1') }];
  const [asker, named] = [
    { ...CLIENT, port: 5353 },
    { ...SERVER, port: 53 },
  ];
  return scene
    .seen(arpPacket('ff:ff:ff:ff:ff:ff', ask), ...there)
    .seen(arpPacket(CLIENT.mac, reply), ...back)
    .seen(dnsPacket(asker, named, query), ...there)
    .seen(dnsPacket(named, asker, dnsResponse(query, { answers: answers })), ...back)
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100, mss: 1460 }), ...there)
    .seen(tcpPacket(SERVER, CLIENT, { flags: 'SA', seq: 500, ack: 101, mss: 1460 }), ...back)
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 101, ack: 501 }), ...there)
    .seen(REQUEST, ...there)
    .seen(
      icmpPacket(CLIENT, SERVER, {
        type: ICMP_ECHO_REQUEST,
        code: 0,
        rest: echoRest(1, 1),
        body: new Uint8Array(57),
      }),
      ...there,
    );
}

/** One bit of the frame is wrong. */
function damaged(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  copy[40] ^= 1;
  return copy;
}

async function fileOf(folder: string, scene: SceneBuilder): Promise<Uint8Array> {
  const path = join(folder, 'capture.pcapng');
  await writeCaptureFile(path, scene.capture);
  return readFileSync(path);
}

t.test('Wireshark finds every frame sound, on the right interface', async (t) => {
  const { frames, matching } = wireshark.judge(await fileOf(t.testdir(), conversation()));
  t.equal(frames.length, 18);
  t.same([...new Set(frames.map(({ protocol }) => protocol))].sort(), ['ARP', 'DNS', 'HTTP', 'ICMP', 'TCP']);
  t.same(matching('_ws.malformed'), []);
  t.same(matching('eth.fcs.status == "Good"').length, 18, 'every FCS is there and right');
  const bad = ['eth.fcs', 'ip.checksum', 'tcp.checksum', 'udp.checksum', 'icmp.checksum'];
  t.same(matching(bad.map((field) => `${field}.status == "Bad"`).join(' or ')), []);
  t.equal(matching('tcp.checksum.status == "Good"').length, 8, 'the checksums were looked at');
  t.same(matching('frame.interface_name == "client:eth0"').length, 9);
  t.same(matching('frame.interface_name == "server:eth0"').length, 9);
  t.same(matching('frame.interface_description == "client:eth0 -- cable"').length, 9);
  t.same(matching('frame.packet_flags_direction == 2').length, 9, 'half of them went out');
  t.match(frames[0], { protocol: 'ARP', info: 'Who has 192.0.2.1? Tell 192.0.2.2' });
  t.match(frames[14], { protocol: 'HTTP', info: /^GET \/ HTTP\/1.1/ });
  t.ok(
    frames[0].labels.some((label) => label.includes('Nov 22, 2026 00:00:05.000000')),
    'the time of the lab',
  );
});

t.test('frames that were dropped are there, with the reason as a comment', async (t) => {
  const scene = conversation()
    .seen(REQUEST, 'client:eth0 out impairmentLoss')
    .seen(damaged(REQUEST), 'server:eth0 in badFcs')
    .seen(REQUEST.subarray(0, 30), 'server:eth0 in runt');
  const { matching } = wireshark.judge(await fileOf(t.testdir(), scene));
  t.same(matching('frame.comment == "dropped: impairmentLoss"'), [19]);
  t.same(matching('frame.comment == "dropped: badFcs"'), [20]);
  t.same(matching('frame.comment == "dropped: runt"'), [21]);
  t.same(matching('frame.comment'), [19, 20, 21]);
  t.ok(matching('eth.fcs.status == "Bad"').includes(20));
  t.notOk(matching('eth.fcs.status == "Bad"').includes(19));
});

t.test('the file is readable by its owner alone; frames without bytes are left out and counted', async (t) => {
  const path = join(t.testdir(), 'a.pcapng');
  const { capture } = conversation();
  const frames = capture.frames.map((frame, index) => (index < 3 ? { ...frame, packet: undefined } : frame));
  t.equal(await writeCaptureFile(path, { ...capture, frames }), 3);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const { frames: judged } = wireshark.judge(readFileSync(path));
  t.equal(judged.length, 15);
});

/** The conversation as segments over the cable, each of at most 1400 bytes, and what the client tells of its secrets. */
function encrypted({ flights, keyLog }: TlsConversation): SceneBuilder {
  const scene = new SceneBuilder()
    .port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24'])
    .port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24']);
  const secure = { ...SERVER, port: 443 };
  const ends = { local: '192.0.2.2:40000', remote: '192.0.2.1:443' };
  const next = { client: 101, server: 501 };
  scene
    .seen(tcpPacket(CLIENT, secure, { flags: 'S', seq: 100, mss: 1460 }), 'client:eth0 out')
    .seen(tcpPacket(secure, CLIENT, { flags: 'SA', seq: 500, ack: 101, mss: 1460 }), 'client:eth0 in')
    .seen(tcpPacket(CLIENT, secure, { flags: 'A', seq: 101, ack: 501 }), 'client:eth0 out');
  for (const { from, bytes } of flights) {
    for (let at = 0; at < bytes.length; at += 1400) {
      const data = bytes.subarray(at, at + 1400);
      const [seq, ack] = from === 'client' ? [next.client, next.server] : [next.server, next.client];
      const [source, target, end] =
        from === 'client' ? [CLIENT, secure, 'client:eth0 out'] : [secure, CLIENT, 'client:eth0 in'];
      scene.seen(tcpPacket(source, target, { flags: 'PA', seq, ack, data }), end);
      next[from] += data.length;
    }
  }
  // The secrets are told when the handshake is over, by both ends.
  for (const line of [...keyLog, ...keyLog]) scene.told('client', { event: 'tls-secret', ...ends, line });
  return scene.told('client', { event: 'tls-secret', ...ends, line: 'no secret\nat all' });
}

t.test('https and HTTP/2 can be read by who has the file, since the secrets are in it', async (t) => {
  for (const [alpn, version, fields] of [
    ['h2', 'TLSv1.3', ['http2.headers.path == "/"', 'http2.data.data contains "a secret page"']],
    ['http/1.1', 'TLSv1.2', ['http.request.method == "GET"', 'http.file_data contains "a secret page"']],
  ] as const) {
    const conversation = await tlsConversation(alpn, version);
    t.equal(conversation.body, 'a secret page');
    const scene = encrypted(conversation);
    const { matching } = wireshark.judge(await fileOf(t.testdir(), scene));
    t.equal(matching('tls.handshake.type == 1').length, 1);
    for (const field of fields) t.equal(matching(field).length, 1, `${alpn}: ${field}`);
    const told = scene.capture.traces.filter(({ event }) => event.event === 'tls-secret').length;
    const { lines } = keyLogOf(scene.capture.traces);
    t.same(lines, [...new Set(conversation.keyLog)], `each line once, of ${told}`);
    scene.traces.length = 0;
    const blind = wireshark.judge(await fileOf(t.testdir(), scene));
    for (const field of fields) t.same(blind.matching(field), [], `${alpn}: not without the secrets`);
  }
});

t.test('captures, too, are for their owner alone where files were that others could read', async (t) => {
  const folder = t.testdir({ 'a.pcapng': 'old and longer', 'b.pcapng': 'old and longer' });
  const [file, live] = ['a.pcapng', 'b.pcapng'].map((name) => join(folder, name));
  for (const path of [file, live]) chmodSync(path, 0o644);
  await writeCaptureFile(file, { ...conversation().capture, frames: [] });
  const sink = await ByteSink.file(live);
  sink.write(Buffer.from('new'));
  await sink.end();
  t.equal(readFileSync(live, 'utf8'), 'new');
  for (const path of [file, live]) t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test('a key log file is for its owner alone, also where one was', async (t) => {
  const path = join(t.testdir({ 'keys.log': 'old' }), 'keys.log');
  chmodSync(path, 0o644);
  await writeKeyLogFile(path, ['A b c', 'D e f']);
  t.equal(readFileSync(path, 'utf8'), 'A b c\nD e f\n');
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test('a place that cannot be written is told', async (t) => {
  await t.rejects(writeCaptureFile(join(t.testdir(), 'none', 'a.pcapng'), conversation().capture), { code: 'ENOENT' });
});
