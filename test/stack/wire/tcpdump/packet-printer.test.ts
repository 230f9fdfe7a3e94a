import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { readU16 } from '../../../../devices/stack/wire/bytes.js';
import { frameOf } from '../../../../devices/stack/wire/ethernet.js';
import { PacketPrinter, type PrintOptions } from '../../../../devices/stack/wire/tcpdump/packet-printer.js';
import { smallInternet } from '../../../apps/kinds/small-internet.js';
import { assortedPackets } from '../../../support/assorted-packets.js';
import { PLAIN, VERY_VERBOSE } from './golden.js';

/** Without the one of IEEE 802.3, into which the real tcpdump looks deeper. */
const PACKETS = assortedPackets().filter((packet) => readU16(packet, 20) >= 0x600);

function printed(packets: readonly Uint8Array[], options: PrintOptions): string {
  const printer = new PacketPrinter(options);
  return packets.map((packet) => printer.print(packet)).join('\n');
}

t.test('the lines of the real one', async (t) => {
  t.same(printed(PACKETS, {}).split('\n'), PLAIN.split('\n'));
  t.same(printed(PACKETS, { verbosity: 2 }).split('\n'), VERY_VERBOSE.split('\n'));
});

t.test('sequence numbers count from where a connection began', async (t) => {
  const flow = PACKETS.slice(4, 12);
  const printer = new PacketPrinter();
  const seqs = flow.map((packet) => /seq ([\d:]+)/.exec(printer.print(packet))?.[1]);
  t.same(
    seqs,
    ['1000', '5000', undefined, '1:91', '1:94', undefined, '91', '5094'],
    'a SYN and a reset alone as they are',
  );
  t.match(new PacketPrinter().print(flow[3]), 'seq 1001:1091, ack 5001', 'met in the middle');
  t.match(new PacketPrinter({ absoluteSequence: true }).print(flow[4]), 'seq 5001:5094, ack 1091');
});

t.test('an IEEE 802.3 frame: its length, and its bytes', async (t) => {
  const [packet] = assortedPackets().filter((each) => readU16(each, 20) < 0x600);
  t.same(printed([packet], {}).split('\n').slice(0, 2), [
    '02:00:00:00:00:0a > 01:80:c2:00:00:00, 802.3, length 38: ',
    '\t0x0000:  4242 0300 0000 0000 0000 0000 0000 0000  BB..............',
  ]);
});

t.test('no bytes make it throw', async (t) => {
  const printers = [{}, { verbosity: 2, linkLevel: true }, { quiet: true, dump: 'text' }, { ascii: true }].map(
    (options) => new PacketPrinter(options as PrintOptions),
  );
  const damage = fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...PACKETS), damage, fc.nat(150), (packet, changes, cut) => {
      const copy = packet.slice(0, Math.max(0, packet.length - cut));
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      for (const printer of printers) printer.print(copy);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => printers.every((each) => each.print(bytes) !== '')),
  );
  t.pass('nothing was thrown');
});

/** A classic capture file, frames without their FCS. */
function pcapOf(packets: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(1, 20);
  const records = packets.map(frameOf).flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

function hasTcpdump(): boolean {
  try {
    return execFileSync('tcpdump', ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('4.99');
  } catch {
    return false;
  }
}

const MODES: readonly (readonly [string, PrintOptions])[] = [
  ['-n', {}],
  ['-v', { verbosity: 1 }],
  ['-vv', { verbosity: 2 }],
  ['-e', { linkLevel: true }],
  ['-evv', { linkLevel: true, verbosity: 2 }],
  ['-q', { quiet: true }],
  ['-eq', { linkLevel: true, quiet: true }],
  ['-x', { dump: 'hex' }],
  ['-XX', { dump: 'text', dumpLinkLevel: true }],
  ['-A', { ascii: true }],
  ['-S', { absoluteSequence: true }],
];

t.test('the real one beside it', { skip: hasTcpdump() ? false : 'no tcpdump 4.99 on this machine' }, async (t) => {
  const world = smallInternet('printed');
  world.memory.put('/srv/www/index.html', `<title>Hello</title>\n${'long '.repeat(1000)}\nlast line\n`);
  world.start();
  await world.fetch('client', { url: 'http://www.server.com/' });
  await world.exec('client', 'traceroute www.server.com');
  await world.exec('client', 'dig @192.168.1.1 nosuch.server.com');
  const folder = mkdtempSync(join(tmpdir(), 'netarium-printed-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const packets of [PACKETS, world.frames.map(({ packet }) => packet)]) {
    const file = join(folder, 'capture.pcap');
    writeFileSync(file, pcapOf(packets));
    for (const [option, options] of MODES) {
      const args = ['-n', '-t', option, '-r', file];
      const real = execFileSync('tcpdump', args, { encoding: 'latin1', stdio: 'pipe' });
      t.same(printed(packets, options).split('\n'), real.split('\n').slice(0, -1), option);
    }
  }
});
