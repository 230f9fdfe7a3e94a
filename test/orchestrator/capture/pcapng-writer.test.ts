import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import { epochOffsetMs, PcapngWriter, pcapInterface } from '../../../orchestrator/capture/pcapng-writer.js';

const END = { device: 'a', port: 'eth0', link: 'a:eth0 -- b:eth0', mac: '', addresses: [] };
const PREAMBLE = '55555555555555d5';

t.test('an interface keeps its number; one that comes between frames gets the next', async (t) => {
  const writer = new PcapngWriter(0);
  t.equal(toHex(writer.header().subarray(0, 4)), '0a0d0d0a');
  const first = writer.interface(END);
  t.equal(first.id, 0);
  t.equal(toHex(first.block!.subarray(0, 4)), '01000000');
  const packet = fromHex(`${PREAMBLE} aabb`);
  writer.frame({ interfaceId: 0, at: 1, direction: 'in', dropped: '', fault: '', packet });
  const late = writer.interface({ ...END, device: 'b' });
  t.equal(late.id, 1);
  t.ok(late.block);
  t.same(writer.interface({ ...END, addresses: ['10.0.0.1/8'] }), { id: 0 }, 'a device that came back is the same');
});

t.test('time to the nanosecond, on top of the epoch', async (t) => {
  const day = Date.UTC(2026, 10, 22);
  const frame = new PcapngWriter(day).frame({
    interfaceId: 3,
    // Twelve days after the machine has started.
    at: 1_036_800_000.000_001,
    direction: 'out',
    dropped: '',
    fault: '',
    packet: fromHex(PREAMBLE),
  });
  const view = new DataView(frame.buffer);
  const written = (BigInt(view.getUint32(12, true)) << 32n) | BigInt(view.getUint32(16, true));
  t.equal(written, BigInt(day + 1_036_800_000) * 1_000_000n + 1n);
  t.equal(view.getUint32(8, true), 3);
});

t.test('golden: a frame that was dropped, after two that are missing', async (t) => {
  const frame = new PcapngWriter(0).frame({
    interfaceId: 1,
    at: 0.000_258,
    direction: 'in',
    dropped: 'runt',
    fault: '',
    packet: fromHex(`${PREAMBLE} aabb`),
    missing: 2,
  });
  const golden = `06000000 50000000 01000000 00000000 02010000 02000000 02000000 aabb0000
                  0200 0400 81000000  0400 0800 0200000000000000  0100 0d00 64726f707065643a2072756e74 000000
                  00000000 50000000`;
  t.equal(toHex(frame), toHex(fromHex(golden)));
});

t.test('the comment names the fault, also of a frame that went on', async (t) => {
  const commentOf = (dropped: string, fault: string) => {
    const packet = fromHex(`${PREAMBLE} aabb`);
    const frame = new PcapngWriter(0).frame({ interfaceId: 0, at: 0, direction: 'out', dropped, fault, packet });
    return new TextDecoder().decode(frame).split('\0');
  };
  const parts = commentOf('impairmentLoss', 'fault-3: loss 20%');
  t.ok(parts.includes('dropped: impairmentLoss by fault-3: loss 20%'));
  t.ok(commentOf('', 'fault-4: corrupt').includes('fault-4: corrupt'));
});

t.test('an interface as pcapng writes it', async (t) => {
  const described = {
    device: 'r',
    port: 'eth1',
    link: 'r:eth1 -- s:1',
    mac: '02:00:00:00:00:01',
    addresses: ['10.0.0.1/8', 'odd'],
    rateBps: 10_000_000,
  };
  t.same(pcapInterface(described), {
    name: 'r:eth1',
    description: 'r:eth1 -- s:1',
    mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    ipv4: [Uint8Array.of(10, 0, 0, 1, 255, 0, 0, 0)],
    speedBps: 10_000_000,
  });
  t.equal(pcapInterface({ ...described, mac: '' }).mac, undefined);
});

t.test('the zero of the timeline is when the machine started, not long from where the system has it', async (t) => {
  const now = epochOffsetMs() + Number(process.hrtime.bigint()) / 1e6;
  t.ok(Math.abs(now - Date.now()) < 1000);
});
