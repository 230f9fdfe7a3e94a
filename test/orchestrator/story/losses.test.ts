/** What was lost on the way: by ports that dropped it, and by other ends that never saw it. */
import t from 'tap';
import { buildReport } from '../../../orchestrator/story/build.js';
import { lossChapter } from '../../../orchestrator/story/loss-chapter.js';
import { SceneBuilder, type SegmentText, tcpPacket } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 80 };
const ENDS = { local: '192.0.2.2:40000', remote: '192.0.2.1:80' };
const THERE = ['client:eth0 out', 'server:eth0 in'];

/** Two hosts on one cable, whose both ends are known. */
class Cable extends SceneBuilder {
  constructor() {
    super();
    this.port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24'], 'cable');
    this.port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24'], 'cable');
  }

  to(text: SegmentText, ...ends: string[]): this {
    return this.seen(tcpPacket(CLIENT, SERVER, text), ...(ends.length === 0 ? THERE : ends));
  }

  from(text: SegmentText, ...ends: string[]): this {
    return this.seen(
      tcpPacket(SERVER, CLIENT, text),
      ...(ends.length === 0 ? ['server:eth0 out', 'client:eth0 in'] : ends),
    );
  }

  again(device: string, seq: number, ends: { local: string; remote: string }): this {
    return this.told(device, { event: 'tcp-retransmit', ...ends, seq, reason: 'timeout' });
  }

  report() {
    return buildReport(this.build('client'), 'test');
  }
}

const trouble = (report: ReturnType<Cable['report']>) =>
  report.steps.filter(({ event }) => event === 'loss' || event === 'retransmission').map(({ summary }) => summary);

t.test('a dropped segment: where, why, by which fault; and it is why it is sent again', async (t) => {
  const report = new Cable()
    .to({ flags: 'S', seq: 100 }, 'client:eth0 out impairmentLoss fault-3: loss 20%')
    .at(1000)
    .again('client', 100, ENDS)
    .to({ flags: 'S', seq: 100 })
    .report();
  t.match(report.losses, [
    {
      ...{ atMs: 0, device: 'client', port: 'eth0', direction: 'out', link: 'cable', frame: 1 },
      ...{ reason: 'impairmentLoss', fault: 'fault-3: loss 20%', from: 'client', to: 'server', kind: 'TCP SYN' },
    },
  ]);
  t.same(trouble(report), [
    'LOST leaving by eth0: TCP SYN from client to server; the link loses it (fault-3: loss 20%)',
    'sends its SYN to 192.0.2.1:80 again after 1.0 s: no acknowledgement in time; the first one was lost leaving client by eth0 (fault-3) #1',
  ]);
  t.match(report.connections, [{ retransmissions: 1, tries: 2, segmentsOut: 1 }]);
  t.equal(report.capture.dropped, 1);
});

t.test('a lost acknowledgement is why what has arrived is sent again', async (t) => {
  const report = new Cable()
    .to({ flags: 'PA', seq: 100, ack: 1, data: 'GET' })
    .from({ flags: 'A', seq: 1, ack: 103 }, 'server:eth0 out', 'client:eth0 in badFcs')
    .at(300)
    .again('client', 100, ENDS)
    .to({ flags: 'PA', seq: 100, ack: 1, data: 'GET' })
    .report();
  t.match(
    trouble(report).at(-1),
    /^sends seq=100 .* after 300 ms: .*; the answer to it was lost arriving at client by eth0 #4$/,
  );
});

t.test(
  'a SYN, ACK that is sent again since the SYN has come again says so; the timer counts from the first one',
  async (t) => {
    const back = { local: '192.0.2.1:80', remote: '192.0.2.2:40000' };
    const report = new Cable()
      .to({ flags: 'S', seq: 100 })
      .from({ flags: 'SA', seq: 500, ack: 101 }, 'server:eth0 out chaosDrop fault-1: drop')
      .at(995)
      .again('client', 100, ENDS)
      .to({ flags: 'S', seq: 100 })
      .from({ flags: 'SA', seq: 500, ack: 101 }, 'server:eth0 out chaosDrop fault-1: drop')
      .at(1006)
      .again('server', 500, back)
      .from({ flags: 'SA', seq: 500, ack: 101 })
      .report();
    t.same(trouble(report).slice(-2), [
      'sends its SYN, ACK to 192.0.2.2:40000 again after 995 ms: the SYN has come again #5; the first one was lost leaving server by eth0 (fault-1) #3',
      'sends its SYN, ACK to 192.0.2.2:40000 again after 1.0 s: no acknowledgement in time; the first one was lost leaving server by eth0 (fault-1) #3',
    ]);
  },
);

t.test('a fault is named with its title once; what it made is said to be made by it', async (t) => {
  const fault = 'fault-63: reset after 10kB: tcp.port == 80';
  const report = new Cable()
    .from({ flags: 'R', seq: 1 }, `server:eth0 out  ${fault}`, 'client:eth0 in')
    .to({ flags: 'A', seq: 1, ack: 1 }, `client:eth0 out chaosDrop ${fault}`)
    .to({ flags: 'A', seq: 2, ack: 1 }, `client:eth0 out chaosDrop ${fault}`)
    .report();
  const { lines } = lossChapter(report, (_style, text) => text);
  t.match(lines, [
    /server {2}TCP RST from server to client leaves by eth0, made by fault-63: reset after 10kB: tcp\.port == 80 #1$/,
    /client {2}LOST leaving by eth0: .*; chaos takes it off the wire \(fault-63\) #3$/,
    /client {2}LOST leaving by eth0: .*; chaos takes it off the wire \(fault-63\) #4$/,
  ]);
  t.match(
    report.steps.filter(({ event }) => event === 'loss'),
    [{ summary: /\(fault-63: reset/ }, {}],
  );
});

t.test('bits that a fault has damaged where they left are its loss where the FCS is checked', async (t) => {
  const damaged = tcpPacket(CLIENT, SERVER, { flags: 'PA', seq: 100, ack: 1, data: 'GET' });
  damaged[damaged.length - 5] ^= 1;
  const report = new Cable()
    .seen(damaged, 'client:eth0 out  fault-1: corrupt', 'server:eth0 in badFcs')
    .at(300)
    .again('client', 100, ENDS)
    .to({ flags: 'PA', seq: 100, ack: 1, data: 'GET' })
    .report();
  t.match(report.losses, [
    { device: 'server', reason: 'badFcs', fault: 'fault-1: corrupt', kind: 'TCP data', to: 'server' },
  ]);
  t.match(report.marks, [{ device: 'client', fault: 'fault-1: corrupt', frames: 1, frame: 1 }]);
});

t.test('what the other end never saw is lost; what left a moment ago is under way', async (t) => {
  const report = new Cable()
    .to({ flags: 'S', seq: 100 })
    .from({ flags: 'SA', seq: 500, ack: 101 })
    .to({ flags: 'A', seq: 101, ack: 501 }, 'client:eth0 out')
    .at(1000)
    .to({ flags: 'PA', seq: 101, ack: 501, data: 'GET' }, 'client:eth0 out')
    .report();
  t.match(report.losses, [{ reason: 'notReceived', frame: 5, direction: 'out', kind: 'TCP ACK' }]);
  t.equal(report.losses.length, 1);
});

t.test('of a device that was not listened to nobody knows what it has got', async (t) => {
  const report = new Cable()
    .to({ flags: 'S', seq: 100 }, 'client:eth0 out')
    .from({ flags: 'SA', seq: 500, ack: 101 }, 'client:eth0 in')
    .at(1000)
    .to({ flags: 'A', seq: 101, ack: 501 })
    .report();
  t.same(report.losses, []);
});

t.test('a device that was dead from the start gets nothing that is sent to it', async (t) => {
  const scene = new SceneBuilder();
  scene.port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24'], 'client:eth0 -- server:eth0');
  scene.seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100 }), 'client:eth0 out').at(1000);
  scene.seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100 }), 'client:eth0 out');
  const known = buildReport(scene.dead('server', '192.0.2.1/24').build('client'), 'test');
  t.match(known.losses, [{ reason: 'notReceived', frame: 1, device: 'client', to: 'server' }]);
  t.match(known.losses.length, 1);
});

t.test('the way that is told is that of the segment which came furthest', async (t) => {
  const scene = new Cable()
    .to({ flags: 'S', seq: 100 }, 'client:eth0 out')
    .at(1000)
    .to({ flags: 'S', seq: 100, identification: 2 })
    .from({ flags: 'SA', seq: 500, ack: 101 })
    .to({ flags: 'A', seq: 101, ack: 501 });
  const path = scene.report().path.map((hop) => `${hop.device} ${hop.in?.frame ?? hop.out?.frame}`);
  t.same(path, ['client 2', 'server 3']);
});

t.test('how busy the machine was: the mean wait of frames beyond the shortest of their link', async (t) => {
  const scene = new Cable();
  for (const [index, wait] of [1, 2, 6].entries()) {
    const segment = { flags: 'A', seq: index, ack: 1 };
    scene.at(100 * index).to(segment, 'client:eth0 out');
    scene.at(100 * index + wait).to(segment, 'server:eth0 in');
  }
  t.equal(scene.report().capture.waitMs, 2, 'of 0, 1 and 5');
});
