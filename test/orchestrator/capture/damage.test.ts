/** A frame that a fault has damaged has the fault's name at both ends of the link. */
import t from 'tap';
import { Damage } from '../../../orchestrator/capture/damage.js';
import type { LiveFrame } from '../../../orchestrator/capture/live.js';

const on = (device: string, link = 'a:eth0 -- b:eth0') => ({ device, port: 'eth0', link, mac: '', addresses: [] });

function frame(direction: 'in' | 'out', byte: number, change: Partial<LiveFrame> = {}): LiveFrame {
  const packet = Uint8Array.of(1, 2, byte);
  return { on: on('a'), interfaceIndex: 0, at: 0, direction, dropped: '', fault: '', packet, ...change };
}

const marks = (frames: readonly LiveFrame[]) => frames.map(({ fault }) => fault);

t.test('by the bytes with which it left, on the same link', async (t) => {
  const damage = new Damage();
  const left = frame('out', 7, { fault: 'fault-1: corrupt' });
  const arrived = frame('in', 7, { on: on('b'), dropped: 'badFcs' });
  t.same(marks(damage.named([left])), ['fault-1: corrupt']);
  t.same(marks(damage.named([arrived])), ['fault-1: corrupt'], 'also later');
  t.equal(arrived.fault, '');
  t.same(marks(damage.named([{ ...arrived, packet: Uint8Array.of(1, 2, 8) }])), [''], 'other bytes');
  t.same(marks(damage.named([{ ...arrived, on: on('c', 'c:eth0 -- b:eth1') }])), [''], 'another link');
  t.same(
    marks(
      damage.named([
        { ...arrived, dropped: '' },
        { ...arrived, dropped: 'runt' },
      ]),
    ),
    ['', ''],
  );
  t.same(marks(damage.named([{ ...arrived, fault: 'fault-2: loss' }])), ['fault-2: loss'], 'its own mark stays');
});

t.test('stamps of two devices may be out of order within what is told at once', async (t) => {
  const arrived = frame('in', 7, { on: on('b'), dropped: 'badFcs' });
  const left = frame('out', 7, { fault: 'fault-1: corrupt' });
  t.same(marks(new Damage().named([arrived, left])), ['fault-1: corrupt', 'fault-1: corrupt']);
});

t.test('only the latest are remembered', async (t) => {
  const damage = new Damage();
  const many = Array.from({ length: 257 }, (_, n) =>
    frame('out', 0, { fault: 'fault-1: corrupt', packet: Uint8Array.of(n >> 8, n) }),
  );
  damage.named(many);
  const arrived = (n: number) => frame('in', 0, { dropped: 'badFcs', packet: Uint8Array.of(n >> 8, n) });
  t.same(marks(damage.named([arrived(0), arrived(1), arrived(256)])), ['', 'fault-1: corrupt', 'fault-1: corrupt']);
});
