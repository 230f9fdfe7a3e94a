import { PassThrough, Writable } from 'node:stream';
import t from 'tap';
import { PACKET_OVERHEAD } from '../../../devices/stack/wire/ethernet.js';
import { ByteSink } from '../../../orchestrator/capture/byte-sink.js';
import type { CaptureLimits } from '../../../orchestrator/capture/limits.js';
import type { LiveFrame } from '../../../orchestrator/capture/live.js';
import { JsonOutput, PcapngOutput, TextOutput, tcpdumpFormat } from '../../../orchestrator/capture/outputs.js';
import { type FrameTest, Recording } from '../../../orchestrator/capture/recording.js';
import { Wireshark } from '../../support/wireshark.js';
import { tcpPacket } from '../story/frames.js';

const EPOCH = Date.UTC(2026, 10, 22);
const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 80 };
const SYN = tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100 });
const A = { device: 'a', port: 'eth0', link: 'a:eth0 -- b:eth0', mac: CLIENT.mac, addresses: ['192.0.2.2/24'] };
const B = { ...A, device: 'b', mac: SERVER.mac, addresses: [] };

function frame(at: number, change: Partial<LiveFrame> = {}): LiveFrame {
  return { on: A, interfaceIndex: 0, at, direction: 'out', dropped: '', fault: '', packet: SYN, ...change };
}

/** A stream that keeps what it got. */
function memory(): { stream: PassThrough; bytes(): Uint8Array } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, bytes: () => new Uint8Array(Buffer.concat(chunks)) };
}

function pcapng(limits: CaptureLimits, matches?: FrameTest) {
  const { stream, bytes } = memory();
  const sink = new ByteSink(stream, true);
  const recording = new Recording(new PcapngOutput(sink, EPOCH, 'lab x', limits.bytes), limits, matches);
  recording.interface(A);
  return { recording, sink, bytes };
}

const plain = (_style: unknown, text: string) => text;

t.test('secrets are written as they come, within the limit of the file', async (t) => {
  const { stream, bytes } = memory();
  const sink = new ByteSink(stream, true);
  const output = new PcapngOutput(sink, EPOCH, 'lab x', 200);
  output.interface(A);
  const before = sink.bytes;
  output.secret('CLIENT_RANDOM aa bb');
  t.equal(sink.bytes, before + 40);
  output.secret(`CLIENT_RANDOM ${'aa'.repeat(100)}`);
  t.equal(sink.bytes, before + 40, 'no room');
  await sink.end();
  t.ok(Buffer.from(bytes()).includes('CLIENT_RANDOM aa bb\n'));
});

t.test('Wireshark reads what was written so far, with an interface that came between frames', async (t) => {
  const { recording, sink, bytes } = pcapng({});
  recording.frames([frame(1)]);
  recording.interface(B);
  recording.frames([
    frame(1.25, { on: B, direction: 'in' }),
    frame(1.5, { on: B, direction: 'in', dropped: 'badFcs' }),
    frame(2, { fault: 'fault-4: corrupt' }),
  ]);
  await sink.end();
  const { frames, matching } = (await Wireshark.start()).judge(bytes());
  t.equal(frames.length, 4);
  t.same(matching('frame.interface_name == "b:eth0"'), [2, 3]);
  t.same(matching('frame.comment == "dropped: badFcs"'), [3]);
  t.same(matching('frame.comment contains "fault-4"'), [4]);
  t.same(matching('frame.time_delta == 0.00025'), [2, 3]);
  t.same(matching('_ws.malformed or eth.fcs.status == "Bad"'), []);
  t.same(Object.fromEntries(recording.perEnd), { 'a:eth0': 2, 'b:eth0': 2 });
  t.equal(recording.captured, 4);
  t.equal(sink.bytes, bytes().length);
});

t.test('limits: so many frames, so many bytes, until this instant', async (t) => {
  const three = pcapng({ frames: 3 });
  three.recording.frames([1, 2, 3, 4].map((at) => frame(at)));
  await three.recording.full;
  t.equal(three.recording.captured, 3);

  const one = pcapng({});
  one.recording.frames([frame(1)]);
  const block = one.sink.bytes;
  const small = pcapng({ bytes: block + 20 });
  small.recording.frames([frame(1), frame(2), frame(3)]);
  await small.recording.full;
  t.equal(small.sink.bytes, block, 'no frame is cut');
  t.equal(small.recording.captured, 1);

  const timed = pcapng({});
  timed.recording.endAt(2);
  timed.recording.frames([frame(1), frame(2), frame(2.001)]);
  t.equal(timed.recording.captured, 2);
});

t.test('a filter is asked with the number among all frames; what it leaves out is counted', async (t) => {
  const { recording } = pcapng({ frames: 2 }, (_frame, number) => number % 2 === 0);
  recording.frames([1, 2, 3].map((at) => frame(at)));
  recording.frames([4, 5].map((at) => frame(at)));
  await recording.full;
  t.match(recording, { captured: 2, filtered: 2, missed: 0 });
});

t.test('a reader that does not read: what does not fit is missed, counted, and told in the file', async (t) => {
  let resume = () => {};
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      resume = done;
    },
  });
  const sink = new ByteSink(stream, true, 700);
  const recording = new Recording(new PcapngOutput(sink, EPOCH, 'lab x'), {});
  recording.interface(A);
  recording.frames(Array.from({ length: 10 }, (_, index) => frame(index)));
  const { captured } = recording;
  t.ok(captured > 0 && captured < 10, `${captured} frames fit`);
  t.equal(recording.missed, 10 - captured);
  while (stream.writableLength > 0) {
    resume();
    await new Promise(setImmediate);
  }
  recording.frames([frame(11)]);
  t.equal(recording.captured, captured + 1);
  const ended = sink.end();
  resume();
  await new Promise(setImmediate);
  resume();
  await ended;
  const { matching, frames } = (await Wireshark.start()).judge(new Uint8Array(Buffer.concat(chunks)));
  t.equal(frames.length, captured + 1);
  t.same(matching(`frame.drop_count == ${10 - captured}`), [captured + 1]);
});

t.test('a line a frame', async (t) => {
  const { stream, bytes } = memory();
  const output = new TextOutput(new ByteSink(stream, false), EPOCH, () => 'IP \u001b[2J\n\t0x0000:  00', plain);
  const recording = new Recording(output, {});
  recording.interface({ ...A, device: 'longer' });
  recording.frames([frame(1.5), frame(2, { direction: 'in', dropped: 'runt', fault: 'fault-1: drop' })]);
  const clock = (ms: number) => new Date(EPOCH + ms).toTimeString().slice(0, 8);
  t.equal(
    new TextDecoder().decode(bytes()),
    `${clock(1.5)}.001500 a:eth0      Out IP \\x1b[2J\n\t0x0000:  00\n${clock(2)}.002000 a:eth0      In  IP \\x1b[2J [dropped: runt by fault-1: drop]\n\t0x0000:  00\n`,
  );
});

t.test('one JSON document, complete also without frames', async (t) => {
  const run = (frames: readonly LiveFrame[]) => {
    const { stream, bytes } = memory();
    const output = new JsonOutput(new ByteSink(stream, false), EPOCH, () => 'a SYN\nand more');
    const recording = new Recording(output, {});
    recording.interface(A);
    recording.frames(frames);
    output.finish();
    return JSON.parse(new TextDecoder().decode(bytes()));
  };
  t.same(run([]), []);
  const place = { device: 'a', port: 'eth0', link: 'a:eth0 -- b:eth0', summary: 'a SYN' };
  const length = SYN.length - PACKET_OVERHEAD + 4;
  t.same(run([frame(1.5), frame(2, { dropped: 'runt', fault: 'fault-1: drop' })]), [
    { n: 1, timeMs: EPOCH + 1.5, ...place, direction: 'out', length },
    { n: 2, timeMs: EPOCH + 2, ...place, direction: 'out', length, dropped: 'runt', fault: 'fault-1: drop' },
  ]);
});

t.test('sequence numbers count from where a connection began, on each link', async (t) => {
  const format = tcpdumpFormat();
  const ack = tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 101, ack: 501 });
  const other = { ...A, device: 'c', link: 'c:eth0 -- d:eth0' };
  t.match(format(SYN, A), /^IP 192\.0\.2\.2\.40000 > 192\.0\.2\.1\.80: Flags \[S\], seq 100,/);
  t.match(
    format(tcpPacket(SERVER, CLIENT, { flags: 'SA', seq: 500, ack: 101 }), B),
    /Flags \[S\.\], seq 500, ack 101,/,
  );
  t.match(format(ack, A), /Flags \[\.\], ack 1,/);
  t.match(format(ack, other), /Flags \[\.\], ack 501,/, 'here it was not seen to begin');
});
