import t from 'tap';
import type { ConnectionReport } from '../../../orchestrator/story/report.js';
import { connectionReport, connectionsOf } from '../../../orchestrator/story/tcp-story.js';
import { SceneBuilder, type SegmentText, tcpPacket } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 80 };
const LOCAL = '192.0.2.2:40000';
const REMOTE = '192.0.2.1:80';

/** Two hosts on a cable; `>` segments travel from the client, `<` ones to it. */
class Conversation extends SceneBuilder {
  constructor() {
    super();
    this.port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24']);
    this.port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24']);
  }

  to(text: SegmentText): this {
    return this.seen(tcpPacket(CLIENT, SERVER, text), 'client:eth0 out', 'server:eth0 in');
  }

  from(text: SegmentText): this {
    return this.seen(tcpPacket(SERVER, CLIENT, text), 'server:eth0 out', 'client:eth0 in');
  }

  handshake(): this {
    this.to({ flags: 'S', seq: 100, mss: 1460 });
    this.from({ flags: 'SA', seq: 500, ack: 101, mss: 1400 });
    return this.to({ flags: 'A', seq: 101, ack: 501 });
  }

  report(): ConnectionReport {
    return connectionReport(this.build('client'), LOCAL, REMOTE);
  }
}

const lines = ({ handshake }: ConnectionReport) =>
  handshake.map(({ direction, flags, seq, ack, frame }) => `${direction} ${flags} seq=${seq} ack=${ack} #${frame}`);
const closing = (report: ConnectionReport) =>
  report.closing.map(({ direction, flags, seq }) => `${direction} ${flags} ${seq}`);

t.test('handshake numbers: seq=J; ack=J+1, seq=K; ack=K+1', async (t) => {
  const report = new Conversation().handshake().report();
  t.same(lines(report), ['out SYN seq=100 ack=0 #1', 'in SYN, ACK seq=500 ack=101 #4', 'out ACK seq=101 ack=501 #5']);
  t.equal(report.mss, 1400, 'the smaller of the two that were announced');
  t.match(report, { segmentsOut: 2, segmentsIn: 1, retransmissions: 0, close: 'open' });
});

t.test('close numbers: FIN=M, ack=M+1, FIN=N, ack=N+1', async (t) => {
  const report = new Conversation()
    .handshake()
    .to({ flags: 'FA', seq: 101, ack: 501 })
    .from({ flags: 'A', seq: 501, ack: 102 })
    .from({ flags: 'FA', seq: 501, ack: 102 })
    .to({ flags: 'A', seq: 102, ack: 502 })
    .report();
  t.equal(report.close, 'four-way');
  t.same(closing(report), ['out FIN, ACK 101', 'in ACK 501', 'in FIN, ACK 501', 'out ACK 102']);
});

t.test('a FIN that acknowledges the other one closes in three', async (t) => {
  const report = new Conversation()
    .handshake()
    .from({ flags: 'FA', seq: 501, ack: 101 })
    .to({ flags: 'FA', seq: 101, ack: 502 })
    .from({ flags: 'A', seq: 502, ack: 102 })
    .report();
  t.equal(report.close, 'three-way');
  t.same(closing(report), ['in FIN, ACK 501', 'out FIN, ACK 101', 'in ACK 502']);
});

t.test('both send a FIN at once: each gets its own acknowledgement', async (t) => {
  const report = new Conversation()
    .handshake()
    .to({ flags: 'FA', seq: 101, ack: 501 })
    .from({ flags: 'FA', seq: 501, ack: 101 })
    .to({ flags: 'A', seq: 102, ack: 502 })
    .from({ flags: 'A', seq: 502, ack: 102 })
    .report();
  t.equal(report.close, 'four-way');
});

t.test('a reset ends it; one that comes after a whole close does not change that', async (t) => {
  const refused = new Conversation().to({ flags: 'S', seq: 100 }).from({ flags: 'RA', seq: 0, ack: 101 }).report();
  t.equal(refused.close, 'reset');
  t.same(closing(refused), ['in RST, ACK 0']);
  const aborted = new Conversation().handshake().to({ flags: 'FA', seq: 101, ack: 501 }).from({ flags: 'R', seq: 501 });
  t.equal(aborted.report().close, 'reset');
  const late = new Conversation()
    .handshake()
    .to({ flags: 'FA', seq: 101, ack: 501 })
    .from({ flags: 'FA', seq: 501, ack: 102 })
    .to({ flags: 'A', seq: 102, ack: 502 })
    .to({ flags: 'R', seq: 102 });
  t.equal(late.report().close, 'three-way');
});

t.test('half closed is still open; nothing at all after a timeout is one', async (t) => {
  const half = new Conversation()
    .handshake()
    .to({ flags: 'FA', seq: 101, ack: 501 })
    .from({ flags: 'A', seq: 501, ack: 102 });
  t.equal(half.report().close, 'open');
  const error = { code: 'ETIMEDOUT', message: '', stage: 'tcp' as const };
  const scene = new Conversation().to({ flags: 'S', seq: 100 }).to({ flags: 'S', seq: 100 }).build('client', { error });
  const report = connectionReport(scene, LOCAL, REMOTE);
  t.match(report, { close: 'timeout', retransmissions: 1, segmentsIn: 0 });
});

t.test('retransmissions of both sides are counted where they were sent', async (t) => {
  const lost = tcpPacket(SERVER, CLIENT, { flags: 'PA', seq: 501, ack: 104, data: 'abc' });
  const report = new Conversation()
    .handshake()
    .to({ flags: 'PA', seq: 101, ack: 501, data: 'GET' })
    .to({ flags: 'PA', seq: 101, ack: 501, data: 'GET' })
    .seen(lost, 'server:eth0 out')
    .from({ flags: 'PA', seq: 501, ack: 104, data: 'abc' })
    .from({ flags: 'A', seq: 504, ack: 104 })
    .to({ flags: 'A', seq: 104, ack: 504 })
    .to({ flags: 'A', seq: 104, ack: 504 })
    .report();
  t.equal(report.retransmissions, 2, 'pure acknowledgements repeat nothing');
});

t.test('sequence numbers that wrap around are no retransmission', async (t) => {
  const report = new Conversation()
    .to({ flags: 'PA', seq: 0xfffffffe, ack: 1, data: 'abcd' })
    .to({ flags: 'PA', seq: 2, ack: 1, data: 'ef' })
    .report();
  t.equal(report.retransmissions, 0);
});

t.test('frames that were dropped at a port did not pass it', async (t) => {
  const report = new Conversation()
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100 }), 'client:eth0 out impairmentLoss')
    .report();
  t.match(report, { segmentsOut: 0, handshake: [] });
});

t.test('states of both sides, in order of time', async (t) => {
  const scene = new Conversation();
  const state = (from: 'CLOSED' | 'LISTEN', to: 'SYN_SENT' | 'SYN_RECV') => ({ event: 'tcp-state' as const, from, to });
  scene.told('client', { ...state('CLOSED', 'SYN_SENT'), local: LOCAL, remote: REMOTE });
  scene.at(1).told('server', { ...state('LISTEN', 'SYN_RECV'), local: REMOTE, remote: LOCAL });
  scene.told('client', { ...state('CLOSED', 'SYN_SENT'), local: '192.0.2.2:40001', remote: REMOTE });
  const report = scene.report();
  t.same(report.states, ['SYN_SENT']);
  t.same(report.peerStates, ['SYN_RECV']);
  t.same(
    report.changes.map(({ atMs, device, to }) => `${atMs} ${device} ${to}`),
    ['0 client SYN_SENT', '1 server SYN_RECV'],
  );
});

t.test(
  'connections: those of the browser, and attempts that were never answered; not those of the resolver',
  async (t) => {
    const scene = new Conversation().handshake();
    scene.seen(tcpPacket({ ...CLIENT, port: 40001 }, SERVER, { flags: 'S', seq: 1 }), 'client:eth0 out');
    scene.seen(
      tcpPacket({ ...CLIENT, port: 40002 }, { ...SERVER, port: 53 }, { flags: 'S', seq: 1 }),
      'client:eth0 out',
    );
    const found = connectionsOf(scene.build('client', { connections: [{ local: LOCAL, remote: REMOTE }] }));
    t.same(found, [
      { local: LOCAL, remote: REMOTE },
      { local: '192.0.2.2:40001', remote: REMOTE },
    ]);
  },
);
