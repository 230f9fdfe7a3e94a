/**
 * Frames of a page load, damaged in every way, repeated and sent to whoever they were not meant for: no machine of any
 * kind throws, each table keeps its bounds, and the page loads again afterwards.
 */
import t from 'tap';
import { Random } from '../../devices/stack/random.js';
import { writeU16 } from '../../devices/stack/wire/bytes.js';
import { finishSum, internetChecksum, partialSum, pseudoHeaderSum } from '../../devices/stack/wire/checksum.js';
import { ETHERTYPE_IPV4, FRAME_OFFSET, frameOf, packetFromFrame } from '../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../devices/stack/wire/fcs.js';
import { smallInternet } from '../apps/kinds/small-internet.js';

const FRAMES = Number(process.env.FUZZ_RUNS ?? 200) * 20;
/** Between two looks at the clock, so that timers run and programs go on. */
const BURST = 50;
const URL = 'http://www.server.com/index.html';

const IP = 14;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** Makes the checksums right again where the bytes still look like IPv4, so that damage gets past the first check. */
function mendChecksums(frame: Uint8Array): void {
  if (((frame[12] << 8) | frame[13]) !== ETHERTYPE_IPV4 || frame[IP] >>> 4 !== 4) return;
  const headerLength = (frame[IP] & 15) * 4;
  const total = Math.min((frame[IP + 2] << 8) | frame[IP + 3], frame.length - IP);
  if (headerLength < 20 || headerLength > total) return;
  writeU16(frame, IP + 10, 0);
  writeU16(frame, IP + 10, internetChecksum(frame.subarray(IP, IP + headerLength)));
  const protocol = frame[IP + 9];
  const segment = frame.subarray(IP + headerLength, IP + total);
  const at = new Map([
    [1, 2],
    [6, 16],
    [17, 6],
  ]).get(protocol);
  if (at === undefined || segment.length < at + 2) return;
  writeU16(segment, at, 0);
  const view = new DataView(frame.buffer, frame.byteOffset);
  const [src, dst] = [view.getUint32(IP + 12), view.getUint32(IP + 16)];
  const initial = protocol === 1 ? 0 : pseudoHeaderSum(src, dst, protocol, segment.length);
  writeU16(segment, at, finishSum(partialSum(segment, initial)));
}

function mutate(packet: Uint8Array, random: Random): Uint8Array {
  let frame = frameOf(packet).slice();
  // Mostly the addresses stay, so that the frame is for somebody.
  const from = random.chance(0.9) ? 12 : 0;
  for (let edits = random.below(4); edits > 0; edits--) {
    const at = from + random.below(Math.min(frame.length - from, random.chance(0.7) ? 60 : frame.length));
    const choice = random.below(5);
    if (choice === 0) frame[at] ^= 1 << random.below(8);
    else if (choice === 1) frame[at] = random.below(256);
    else if (choice === 2) frame[at] = INTERESTING[random.below(INTERESTING.length)];
    else if (choice === 3) frame = frame.slice(0, Math.max(14, at));
    else frame = Uint8Array.from([...frame.subarray(0, at), ...frame.subarray(random.below(at), frame.length)]);
  }
  if (random.chance(0.9)) mendChecksums(frame);
  const whole = packetFromFrame(frame.subarray(0, 1600), crc32);
  if (random.chance(0.03)) whole[random.below(whole.length)] ^= 1;
  return random.chance(0.02) ? whole.subarray(0, random.below(FRAME_OFFSET + 80)) : whole;
}

t.test('damaged frames harm no machine', async (t) => {
  const world = smallInternet('fuzz');
  world.memory.put('/srv/www/index.html', '<title>home</title>');
  world.start();
  await world.configured();
  t.equal((await world.fetch('client', { url: URL })).ok, true);
  await world.exec('client', 'ping -c 2 -s 4000 198.51.100.80');
  const corpus = [...world.frames];
  const ends = [...new Set(corpus.flatMap(({ from, to }) => [from, to]))];
  world.keepFrames = false;
  const random = new Random('fuzz');
  for (let n = 0; n < FRAMES; n++) {
    const { packet, to } = corpus[random.below(corpus.length)];
    const [name, portName] = (random.chance(0.9) ? to : ends[random.below(ends.length)]).split(':');
    const machine = world.machine(name);
    const port = machine.ports.find((candidate) => candidate.name === portName);
    if (port === undefined) throw new Error(`no port ${portName}`);
    machine.receive(port, mutate(packet, random), world.now);
    if (n % BURST === 0) await world.runFor(random.below(400));
  }
  for (const name of new Set(ends.map((end) => end.split(':')[0]))) {
    const machine = world.machine(name);
    for (const table of machine.tables) t.ok(machine.inspect(table).length < 10_000, `${name} ${table}`);
  }
  // What was learned wrongly ages.
  await world.runFor(600_000);
  const again = await world.fetch('client', { url: URL });
  t.match(again, { ok: true }, 'the page loads again');
  await world.stop();
});
