/** EDNS at the door of our servers. */
import t from 'tap';
import { formatOpt } from '../../../devices/apps/dns/opt-presentation.js';
import { dnsQuery, emitDns, parseDns, RCODE_BADVERS, RCODE_FORMERR } from '../../../devices/stack/wire/dns.js';
import { type Edns, edns, ednsOption } from '../../../devices/stack/wire/edns.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { udpOf } from '../../support/packets.js';
import { DnsNet, zone } from './dns-net.js';

function world() {
  const net = new DnsNet();
  const client = net.host('client');
  const records = Array.from({ length: 100 }, (_, i) => `big A 10.9.0.${i}`);
  const server = net.nameServer('server', { zones: [zone('x', 'www A 192.0.2.1', ...records)] });
  const ask = async (name: string, opt: Edns | 'none', transport: 'udp' | 'tcp' = 'udp') =>
    net.ask(client, server, { name, edns: opt, transport, ignoreTruncation: true });
  return { net, client, server, ask };
}

t.test('an OPT record is answered by one, and only by one', async (t) => {
  const { ask } = world();
  t.equal((await ask('www.x', 'none')).message.edns, undefined);
  t.match((await ask('www.x', edns())).message.edns, { udpSize: 1232, version: 0, dnssecOk: false, options: [] });
  t.match((await ask('www.x', edns({ dnssecOk: true }))).message.edns, { dnssecOk: true }, 'RFC 3225: DO is copied');
  t.match((await ask('no.x', edns())).message, { rcode: 3, edns: { version: 0 } }, 'errors too');
});

t.test('how much fits: 512 without EDNS, what the client takes with it, 1232 at most, all over TCP', async (t) => {
  const { ask } = world();
  const sizes: readonly (readonly [Edns | 'none', number])[] = [
    ['none', 512],
    [edns({ udpSize: 100 }), 512],
    [edns({ udpSize: 700 }), 700],
    [edns({ udpSize: 1232 }), 1232],
    [edns({ udpSize: 4096 }), 1232],
  ];
  for (const [opt, most] of sizes) {
    const { message, bytes } = await ask('big.x', opt);
    t.equal(message.truncated, true);
    t.ok(bytes <= most && bytes > most - 16, `${bytes} of ${most} bytes`);
  }
  const whole = await ask('big.x', edns({ udpSize: 512 }), 'tcp');
  t.match(whole.message, { truncated: false, answers: { length: 100 } });
});

t.test('another version: BADVERS, and which version is known', async (t) => {
  const { ask } = world();
  const { message } = await ask('www.x', edns({ version: 1 }));
  t.match(message, { rcode: RCODE_BADVERS, answers: [], edns: { version: 0 } });
});

t.test('two OPT records: FORMERR', async (t) => {
  const { net, client, server } = world();
  const socket = client.network.createUdpSocket();
  const opt = { type: 'OPT' as const, name: '.', class: 1232, ttl: 0, bytes: new Uint8Array(0) };
  socket.send(emitDns({ ...dnsQuery(7, 'www.x', 'A', true), additionals: [opt, opt] }), 53, server.ip);
  await net.runFor(100);
  const replies = net.frames.flatMap(({ packet }) => {
    const udp = udpOf(packet);
    const message = udp?.srcPort === 53 ? parseDns(udp.payload) : undefined;
    return message === undefined || isMalformed(message) ? [] : [message];
  });
  t.match(replies[0], { id: 7, rcode: RCODE_FORMERR });
  t.equal(server.stack.counters.get('dns.malformedQuery'), 1);
});

t.test('options: NSID and cookie when asked for, keepalive over TCP, others are passed over', async (t) => {
  const { ask } = world();
  const client = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const options = [
    { kind: 'nsid' as const, id: new Uint8Array(0) },
    { kind: 'cookie' as const, client, server: new Uint8Array(0) },
    { kind: 'tcp-keepalive' as const },
    { kind: 'other' as const, code: 65001, data: Uint8Array.of(1) },
  ];
  const { message } = await ask('www.x', edns({ options }));
  t.equal(new TextDecoder().decode(ednsOption(message, 'nsid')?.id), 'server');
  const cookie = ednsOption(message, 'cookie');
  t.same(cookie?.client, client);
  t.equal(cookie?.server.length, 16);
  t.equal(cookie?.server[0], 1, 'RFC 9018: version 1');
  t.equal(message.edns?.options.length, 2);
  const again = await ask('www.x', edns({ options }), 'tcp');
  t.equal(ednsOption(again.message, 'tcp-keepalive')?.timeoutMs, 10_000);
});

t.test('what a server says moves no cursor on the screen of who asked', async (t) => {
  const text = 'no\x1b[2J\x07\nway \u202e\u00fc';
  const options = [{ kind: 'extended-error' as const, infoCode: 0, text }];
  const shown = formatOpt({ ...dnsQuery(1, 'x', 'A', false), edns: edns({ options }) }, undefined);
  t.match(shown, '; EDE: 0 (Other): (no.[2J..way .\u00fc)\n');
});
