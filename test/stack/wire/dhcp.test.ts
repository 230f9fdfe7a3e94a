import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { concatBytes, fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  BOOTREPLY,
  BOOTREQUEST,
  DHCPACK,
  DHCPDISCOVER,
  DHCPOFFER,
  type DhcpMessage,
  emitDhcp,
  formatDhcp,
  parseDhcp,
} from '../../../devices/stack/wire/dhcp.js';
import type { DhcpOptions } from '../../../devices/stack/wire/dhcp-options.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';

const CLIENT_MAC = 0x000b8201fc42;

function header(first28: string): string {
  return `${first28} 000b8201fc42 ${'00'.repeat(202)} 63825363`;
}

/** The exchange that Wireshark's sample dhcp.pcap shows. */
const DISCOVER_BYTES = fromHex(
  `${header('01010600 00003d1d 0000 0000 00000000 00000000 00000000 00000000')}
   350101 3d0701000b8201fc42 320400000000 370401 03062a ff 00000000000000`,
);
const OFFER_BYTES = fromHex(
  `${header('02010600 00003d1d 0000 0000 00000000 c0a8000a c0a80001 00000000')}
   350102 0104ffffff00 3a0400000708 3b0400000c4e 330400000e10 3604c0a80001 ff ${'00'.repeat(26)}`,
);

const EMPTY: DhcpMessage = {
  op: BOOTREQUEST,
  type: DHCPDISCOVER,
  hops: 0,
  transactionId: 0,
  seconds: 0,
  broadcast: false,
  clientAddress: 0,
  yourAddress: 0,
  serverAddress: 0,
  relayAddress: 0,
  clientMac: CLIENT_MAC,
  options: {},
};

function sound(bytes: Uint8Array): DhcpMessage {
  const message = parseDhcp(bytes);
  if (isMalformed(message)) throw new Error(message.malformed);
  return message;
}

t.test('a DISCOVER from the wire', (t) => {
  t.same(sound(DISCOVER_BYTES), {
    ...EMPTY,
    transactionId: 0x3d1d,
    options: {
      requestedAddress: 0,
      parameterRequestList: [1, 3, 6, 42],
      clientIdentifier: fromHex('01 000b8201fc42'),
    },
  });
  t.equal(formatDhcp(sound(DISCOVER_BYTES)), 'DHCP DISCOVER xid 00003d1d client 00:0b:82:01:fc:42 wants 0.0.0.0');
  t.end();
});

t.test('an OFFER from the wire', (t) => {
  const offer = sound(OFFER_BYTES);
  t.same(offer, {
    ...EMPTY,
    op: BOOTREPLY,
    type: DHCPOFFER,
    transactionId: 0x3d1d,
    yourAddress: 0xc0a8000a,
    serverAddress: 0xc0a80001,
    options: {
      subnetMask: 0xffffff00,
      leaseSeconds: 3600,
      serverIdentifier: 0xc0a80001,
      renewalSeconds: 1800,
      rebindingSeconds: 3150,
    },
  });
  t.equal(formatDhcp(offer), 'DHCP OFFER xid 00003d1d client 00:0b:82:01:fc:42 gets 192.168.0.10 server 192.168.0.1');
  t.end();
});

t.test('emitted bytes: fixed fields in their places, type first, options by code, padded to 300', (t) => {
  const bytes = emitDhcp({
    ...EMPTY,
    op: BOOTREPLY,
    type: DHCPACK,
    transactionId: 0x01020304,
    seconds: 5,
    broadcast: true,
    yourAddress: 0x0a000005,
    options: {
      domainName: 'lan',
      subnetMask: 0xffffff00,
      dnsServers: [0x0a000001, 0x08080808],
      leaseSeconds: 60,
    },
  });
  t.equal(bytes.length, 300);
  t.equal(
    toHex(bytes.subarray(0, 34)),
    ['02010600', '01020304', '0005', '8000', '00000000', '0a000005', '00000000', '00000000', '000b8201fc42'].join(''),
  );
  t.equal(
    toHex(bytes.subarray(236, 275)),
    ['63825363', '350105', '0104ffffff00', '06080a00000108080808', '0f036c616e', '33040000003c', 'ff00000000'].join(''),
  );
  t.end();
});

t.test('a value over 255 bytes travels in several options and comes back whole (RFC 3396)', (t) => {
  const clientIdentifier = Uint8Array.from({ length: 600 }, (_, i) => i);
  const bytes = emitDhcp({ ...EMPTY, options: { clientIdentifier } });
  t.same(sound(bytes).options.clientIdentifier, clientIdentifier);
  t.end();
});

t.test('option overload: file first, then sname', (t) => {
  const bytes = concatBytes(DISCOVER_BYTES);
  bytes.set(fromHex('350101 340103 ff'), 240);
  bytes.set(fromHex('0c0161 ff'), 108);
  bytes.set(fromHex('0c0162 00 0f0163 ff'), 44);
  t.same(sound(bytes).options, { hostName: 'ab', domainName: 'c' });
  t.end();
});

t.test('pads, unknown options, option 82, a missing END and an empty host name are tolerated', (t) => {
  const head = DISCOVER_BYTES.subarray(0, 240);
  const bytes = concatBytes(head, fromHex('00 00 350103 2a0401020304 0c00 5206 010400000001'));
  t.same(sound(bytes).options, { relayInformation: fromHex('010400000001') });
  t.end();
});

t.test('malformed messages say why', (t) => {
  const head = DISCOVER_BYTES.subarray(0, 240);
  const cases: [string, Uint8Array][] = [
    ['dhcp truncated', DISCOVER_BYTES.subarray(0, 239)],
    ['dhcp option truncated', concatBytes(head, fromHex('350101 32040a00'))],
    ['dhcp option truncated', concatBytes(head, fromHex('350101 32'))],
    ['dhcp message type', concatBytes(head, fromHex('ff'))],
    ['dhcp message type', concatBytes(head, fromHex('350109ff'))],
    ['dhcp message type', concatBytes(head, fromHex('35020101ff'))],
    ['dhcp option 1', concatBytes(head, fromHex('350101 0103ffffff ff'))],
    ['dhcp option 3', concatBytes(head, fromHex('350101 0300 ff'))],
    ['dhcp option 51', concatBytes(head, fromHex('350101 330100 ff'))],
  ];
  for (const [reason, bytes] of cases) t.same(parseDhcp(bytes), { malformed: reason }, reason);
  const patches: [string, number, number][] = [
    ['dhcp cookie', 236, 0],
    ['dhcp op', 0, 3],
    ['dhcp hardware is not ethernet', 1, 6],
    ['dhcp hardware is not ethernet', 2, 16],
  ];
  for (const [reason, at, value] of patches) {
    const bytes = concatBytes(DISCOVER_BYTES);
    bytes[at] = value;
    t.same(parseDhcp(bytes), { malformed: reason }, reason);
  }
  t.end();
});

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 300,
});
const options: fc.Arbitrary<DhcpOptions> = fc.record(
  {
    subnetMask: u32,
    routers: fc.array(u32, { minLength: 1, maxLength: 4 }),
    dnsServers: fc.array(u32, { minLength: 1, maxLength: 70 }),
    hostName: text,
    domainName: text,
    broadcastAddress: u32,
    requestedAddress: u32,
    leaseSeconds: u32,
    serverIdentifier: u32,
    parameterRequestList: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1 }),
    message: text,
    maximumMessageSize: fc.integer({ min: 0, max: 0xffff }),
    renewalSeconds: u32,
    rebindingSeconds: u32,
    clientIdentifier: fc.uint8Array({ minLength: 2, maxLength: 300 }),
    relayInformation: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const messages: fc.Arbitrary<DhcpMessage> = fc.record(
  {
    op: fc.constantFrom(BOOTREQUEST, BOOTREPLY),
    type: fc.integer({ min: 1, max: 8 }),
    hops: fc.integer({ min: 0, max: 255 }),
    transactionId: u32,
    seconds: fc.integer({ min: 0, max: 0xffff }),
    broadcast: fc.boolean(),
    clientAddress: u32,
    yourAddress: u32,
    serverAddress: u32,
    relayAddress: u32,
    clientMac: fc.integer({ min: 0, max: 0xffffffffffff }),
    options,
  },
  { noNullPrototype: true },
);

t.test('property: what is emitted is parsed back', async (t) => {
  fc.assert(fc.property(messages, (message) => deepStrictEqual(parseDhcp(emitDhcp(message)), message)));
  t.pass();
});

t.test('property: any bytes behind a sound header give a message or a reason', async (t) => {
  const head = DISCOVER_BYTES.subarray(0, 240);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      const message = parseDhcp(concatBytes(head, fromHex('350101'), tail));
      return isMalformed(message) || formatDhcp(message).startsWith('DHCP DISCOVER');
    }),
  );
  t.pass();
});
