/** Recursive, iterative and non-recursive queries, told apart by what is on the wire; and who may ask for which. */
import t from 'tap';
import { parseDns, RCODE_REFUSED } from '../../../devices/stack/wire/dns.js';
import { edns, ednsOption } from '../../../devices/stack/wire/edns.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { udpOf } from '../../support/packets.js';
import { answersOf, DnsNet, zone } from './dns-net.js';

function world(recursion: true | { allow: string[] } = true) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', '@ NS root', 'root A 10.0.2.1', 'com NS ns.com', 'ns.com A 10.0.3.1')] });
  net.nameServer('com', {
    zones: [zone('com', '@ NS ns', 'ns A 10.0.3.1', 'www A 192.0.2.1', '*.a-long-name A 192.0.2.2')],
  });
  return { net, client, isp };
}

/** Each query and answer by UDP, in the order in which they left their sender. */
function conversation(net: DnsNet): string[] {
  return net.frames.flatMap(({ from, packet }) => {
    const udp = udpOf(packet);
    const message = udp === undefined ? undefined : parseDns(udp.payload);
    const isSender = !from.startsWith('core:');
    if (message === undefined || isMalformed(message) || !isSender) return [];
    const [{ name, type }] = message.questions;
    const rd = message.recursionDesired ? ' rd' : '';
    const who = from.split(':')[0];
    if (!message.response) return [`${who} asks ${type} ${name.toLowerCase()}${rd}`];
    const flags = `${message.authoritative ? ' aa' : ''}${rd}${message.recursionAvailable ? ' ra' : ''}`;
    const counts = `${message.answers.length}/${message.authorities.length}/${message.additionals.length}`;
    return [`${who} answers${flags} ${counts}`];
  });
}

t.test('a recursive query: one answer, for which the server asks iteratively, without RD', async (t) => {
  const { net, client, isp } = world();
  await net.ask(client, isp, { name: 'www.com' });
  t.same(conversation(net), [
    'client asks A www.com rd',
    'isp asks A com',
    'root answers 0/1/1',
    'isp asks A www.com',
    'com answers aa 1/0/0',
    'isp answers rd ra 1/0/0',
  ]);
});

t.test('an iterative query: a referral, and the client goes on by itself', async (t) => {
  const { net, client } = world();
  const [root, com] = ['root', 'com'].map((name) => net.nodeNamed(name));
  await net.ask(client, root, { name: 'www.com', recursionDesired: false });
  await net.ask(client, com, { name: 'www.com', recursionDesired: false });
  t.same(conversation(net), [
    'client asks A www.com',
    'root answers 0/1/1',
    'client asks A www.com',
    'com answers aa 1/0/0',
  ]);
});

t.test('a non-recursive query: what the server has at hand, and nobody else is asked', async (t) => {
  const { net, client, isp } = world();
  await net.ask(client, isp, { name: 'www.com' });
  net.frames.length = 0;
  const known = await net.ask(client, isp, { name: 'www.com', recursionDesired: false });
  t.same(answersOf(known), ['www.com A 192.0.2.1']);
  await net.ask(client, isp, { name: 'ftp.com', recursionDesired: false });
  t.same(conversation(net), [
    'client asks A www.com',
    'isp answers ra 1/0/0',
    'client asks A ftp.com',
    'isp answers ra 0/1/1',
  ]);
});

t.test(
  'recursion for some: others are refused, in and out of the cache, and the machine itself is served',
  async (t) => {
    const { net, client, isp } = world({ allow: ['10.0.0.0/24', '10.0.9.9'] });
    const stranger = net.host('stranger');
    t.same(answersOf(await net.ask(client, isp, { name: 'www.com' })), ['www.com A 192.0.2.1']);
    for (const recursionDesired of [true, false]) {
      const { message } = await net.ask(stranger, isp, { name: 'www.com', recursionDesired, edns: edns() });
      t.match(message, { rcode: RCODE_REFUSED, recursionAvailable: false, answers: [] });
      t.equal(ednsOption(message, 'extended-error')?.infoCode, 18);
    }
    t.same(answersOf(await net.ask(isp, isp, { name: 'www.com' })), ['www.com A 192.0.2.1']);
    t.throws(() => world({ allow: ['10.0.0'] }), /10.0.0 is neither an address nor a subnet/);
  },
);

t.test('ids, source ports and the case of names differ from question to question', async (t) => {
  const { net, client, isp } = world();
  for (let i = 0; i < 20; i++) await net.ask(client, isp, { name: `n${i}.a-long-name.com` });
  const seen = net.frames.flatMap(({ from, packet }) => {
    const udp = from === 'isp:eth0' ? udpOf(packet) : undefined;
    const message = udp?.dstPort === 53 ? parseDns(udp.payload) : undefined;
    if (udp === undefined || message === undefined || isMalformed(message)) return [];
    return [{ id: message.id, port: udp.srcPort, name: message.questions[0].name.replace(/^n\d+\./i, '') }];
  });
  t.ok(seen.length >= 20);
  for (const key of ['id', 'port'] as const) {
    t.equal(new Set(seen.map((question) => question[key])).size, seen.length, key);
  }
  const names = seen.map(({ name }) => name).filter((name) => name.length > 10);
  t.ok(new Set(names).size > names.length - 2, names.join(' '));
});
