/**
 * Every codec, every printer and every filter, given what a whole internet says, damaged in every way, each layer also
 * to the parsers of all other layers: each reads it or says what is wrong. Nothing throws, nothing takes long, and what
 * was read once is written and read again as the same.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import t from 'tap';
import { Random } from '../../devices/stack/random.js';
import { emitArp, formatArp, parseArp } from '../../devices/stack/wire/arp.js';
import { emitDhcp, formatDhcp, parseDhcp } from '../../devices/stack/wire/dhcp.js';
import { dissect, formatLayers } from '../../devices/stack/wire/dissect.js';
import { emitDns, parseDns } from '../../devices/stack/wire/dns.js';
import { parseName } from '../../devices/stack/wire/dns-name.js';
import { parseData, parseRecord, type RecordType } from '../../devices/stack/wire/dns-record.js';
import { formatDns } from '../../devices/stack/wire/dns-text.js';
import { checkPacket, emitEthernet, formatEthernet, parseEthernet } from '../../devices/stack/wire/ethernet.js';
import { compileFilter, type Filter, isFilterError } from '../../devices/stack/wire/filter/filter.js';
import { parseHttpHead } from '../../devices/stack/wire/filter/http-head.js';
import { emitIcmp, formatIcmp, parseIcmp } from '../../devices/stack/wire/icmp.js';
import { emitIpv4, formatIpv4Packet, parseIpv4Packet, parseQuotedIpv4 } from '../../devices/stack/wire/ipv4.js';
import { isMalformed, type Malformed } from '../../devices/stack/wire/malformed.js';
import { readRecords } from '../../devices/stack/wire/native.js';
import { compilePcapFilter } from '../../devices/stack/wire/pcap-filter/pcap-filter.js';
import { emitTcp, formatTcp, parseTcp } from '../../devices/stack/wire/tcp.js';
import { PacketPrinter } from '../../devices/stack/wire/tcpdump/packet-printer.js';
import { parseTlsRecords, tlsAlert } from '../../devices/stack/wire/tls.js';
import {
  messagesOf,
  parseTlsClientHello,
  parseTlsMessages,
  parseTlsServerHello,
} from '../../devices/stack/wire/tls-handshake.js';
import { emitUdp, formatUdp, parseUdp } from '../../devices/stack/wire/udp.js';
import { emitVxlan, formatVxlan, parseVxlan } from '../../devices/stack/wire/vxlan.js';
import { smallInternet } from '../apps/kinds/small-internet.js';
import { tlsPackets } from '../support/assorted-packets.js';
import { MODERN_FLIGHTS, OLD_FLIGHTS } from '../support/recorded-tls.js';
import { mutate } from './mutations.js';

const PACKETS = Number(process.env.FUZZ_RUNS ?? 200) * 25;
const WIRE = 'devices/stack/wire';
/** Of one packet through everything; a loop takes for ever, a busy machine only long. */
const LONG_MS = 2_000;
/** Of an Ethernet frame. */
const MIN_PAYLOAD = 46;
const [SRC, DST] = [0x0a000001, 0x0a000002];

interface Codec<T extends object> {
  parse(bytes: Uint8Array): T | Malformed;
  emit?(value: T): Uint8Array;
  format?(value: T): string;
  /** What the value is once it was written: with the padding that it needs. */
  written?(value: T): T;
}

/** Keeps the value's type together. */
function codec<T extends object>(parts: Codec<T>): (bytes: Uint8Array) => void {
  return (bytes) => {
    const value = parts.parse(bytes);
    if (isMalformed(value)) {
      assert.ok(value.malformed.length > 0);
      return;
    }
    parts.format?.(value);
    if (parts.emit === undefined) return;
    const again = parts.parse(parts.emit(value));
    assert.deepEqual(comparable(again), comparable(parts.written?.(value) ?? value));
  };
}

function padded(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(payload.length, MIN_PAYLOAD));
  bytes.set(payload);
  return bytes;
}

function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, member) => (member instanceof Uint8Array ? [...member] : member)));
}

/** By the name of the function that parses. */
const CODECS: Readonly<Record<string, (bytes: Uint8Array) => void>> = {
  parseEthernet: codec({
    parse: parseEthernet,
    emit: emitEthernet,
    format: formatEthernet,
    written: (frame) => ({ ...frame, payload: padded(frame.payload) }),
  }),
  parseArp: codec({ parse: parseArp, emit: emitArp, format: formatArp }),
  parseIpv4Packet: codec({ parse: parseIpv4Packet, emit: emitIpv4, format: formatIpv4Packet }),
  parseQuotedIpv4: codec({ parse: parseQuotedIpv4 }),
  parseIcmp: codec({ parse: parseIcmp, emit: emitIcmp, format: formatIcmp }),
  parseUdp: codec({
    parse: (bytes) => parseUdp(bytes, SRC, DST),
    emit: (value) => emitUdp(value, SRC, DST),
    format: formatUdp,
  }),
  parseTcp: codec({
    parse: (bytes) => parseTcp(bytes, SRC, DST),
    emit: (value) => emitTcp(value, SRC, DST),
    format: formatTcp,
  }),
  parseDhcp: codec({ parse: parseDhcp, emit: emitDhcp, format: formatDhcp }),
  parseDns: codec({ parse: parseDns, emit: emitDns, format: formatDns }),
  parseName: codec({ parse: (bytes) => parseName(bytes, 0) }),
  parseRecord: codec({ parse: (bytes) => parseRecord(bytes, 0) }),
  parseData: (bytes) => {
    for (const type of DATA_TYPES) parseData(bytes, type, 0);
  },
  parseVxlan: codec({ parse: parseVxlan, emit: emitVxlan, format: formatVxlan }),
  parseHttpHead: (bytes) => void parseHttpHead(bytes),
  parseTlsRecords: (bytes) => {
    const records = parseTlsRecords(bytes);
    if (isMalformed(records)) return;
    for (const record of records) {
      tlsAlert(record);
      messagesOf(record);
    }
  },
  parseTlsMessages: codec({ parse: parseTlsMessages }),
  parseTlsClientHello: codec({ parse: parseTlsClientHello }),
  parseTlsServerHello: codec({ parse: parseTlsServerHello }),
};

const DATA_TYPES: readonly RecordType[] = ['A', 'NS', 'SOA', 'MX', 'TXT', 'HINFO', 'SRV', 'NAPTR', 'CAA', 'DS'];

const FILTERS: readonly Filter[] = [
  ...[
    'tcp.flags.syn == 1 && ip.ttl > 10',
    'dns.qry.name contains "server" || http.host',
    'icmp.type in {0, 3, 8} and not arp',
    'frame.len > 60 and eth.addr[0:2] == 02:00',
    'tcp.port == 80 or udp.port == 53',
    'tls.handshake.extensions_server_name contains "server" or tls.alert_message.desc == 0',
  ].map(compileFilter),
  ...[
    'tcp port 80 and tcp[tcpflags] & tcp-syn != 0',
    'udp[8:2] > 5 or icmp',
    'host 10.0.0.1 or arp',
    'ip[0] & 0xf > 5',
  ].map(compilePcapFilter),
].map((filter) => {
  if (isFilterError(filter)) throw new Error(filter.message);
  return filter;
});

const PRINTERS = [
  new PacketPrinter(),
  new PacketPrinter({ verbosity: 2, linkLevel: true, absoluteSequence: true }),
  new PacketPrinter({ quiet: true, dump: 'text', dumpLinkLevel: true }),
  new PacketPrinter({ verbosity: 1, ascii: true }),
];

/** What a small internet says: DHCP, ARP, names, pages, fragments, ICMP; and hellos of TLS. */
async function corpus(): Promise<Uint8Array[]> {
  const world = smallInternet('corpus');
  world.memory.put('/srv/www/index.html', '<title>home</title>');
  world.start();
  await world.configured();
  await world.fetch('client', { url: 'http://www.server.com/index.html' });
  await world.exec('client', 'ping -c 1 -s 3000 198.51.100.80');
  await world.exec('client', 'traceroute -n -q 1 198.51.100.80');
  await world.exec('client', 'dig @192.168.1.1 nowhere.server.com');
  await world.stop();
  return [...world.frames.map(({ packet }) => packet), ...tlsPackets(...MODERN_FLIGHTS, ...OLD_FLIGHTS)];
}

/** The packet without so many bytes at its front, each header's length and some more, to everything. */
function tryAll(packet: Uint8Array): void {
  checkPacket(packet, 1500, crc32);
  readRecords(packet, () => {});
  formatLayers(dissect(packet));
  for (const filter of FILTERS) filter.matches(packet);
  for (const printer of PRINTERS) printer.print(packet);
  for (const start of [0, 8, 22, 42, 50, 62, 67, 71]) {
    if (start > packet.length) break;
    const bytes = packet.subarray(start);
    for (const [name, attempt] of Object.entries(CODECS)) {
      try {
        attempt(bytes);
      } catch (error) {
        throw new Error(`${name}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
      }
    }
  }
}

t.test(`${PACKETS} damaged packets through every codec, printer and filter`, async (t) => {
  const sound = await corpus();
  const random = new Random('codecs');
  for (const packet of sound) tryAll(packet);
  for (let n = 0; n < PACKETS; n++) {
    const packet = mutate(sound[random.below(sound.length)], random, crc32);
    const startedAt = performance.now();
    tryAll(packet);
    const ms = performance.now() - startedAt;
    if (ms > LONG_MS) t.fail(`${ms} ms for ${Buffer.from(packet).toString('hex')}`);
    if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.pass(`${sound.length} sound ones too`);
});

t.test('no codec is forgotten', async (t) => {
  const files = (readdirSync(WIRE, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
  const parser = /^export function (parse\w+)\(\w+: Uint8Array/gm;
  const found = files.flatMap((file) =>
    [...readFileSync(join(WIRE, file), 'utf8').matchAll(parser)].map(([, name]) => name),
  );
  t.strictSame(
    found.filter((name) => CODECS[name] === undefined),
    [],
  );
  t.ok(found.length >= 12, `${found.length} parsers`);
});
