import t from 'tap';
import { memoryText, tcpText, timerText } from '../../../devices/apps/commands/ss-details.js';
import { summaryText } from '../../../devices/apps/commands/ss-summary.js';
import { info, row } from './socket-row.js';

const SENDING = row({
  state: 'ESTABLISHED',
  sendQueue: 20_000,
  recvQueue: 7,
  mss: 1448,
  rttMs: 20.0004,
  rtoMs: 220,
  congestionWindow: 14_480,
  slowStartThreshold: 0x7fffffff,
  sendWindow: 65_535,
  receiveWindow: 65_536,
  bytesSent: 100_000,
  bytesReceived: 5,
  retransmissions: 3,
  info: info({
    sendWindowScale: 7,
    receiveWindowScale: 10,
    rttVarMs: 5.5,
    minRttMs: 19.25,
    unackedSegments: 10,
    sackedSegments: 2,
    lostSegments: 1,
    retransmissionsInFlight: 1,
    dsacksIn: 1,
    segmentsIn: 12,
    segmentsOut: 80,
    dataSegmentsOut: 70,
    dataSegmentsIn: 1,
    bytesAcked: 80_000,
    bytesRetransmitted: 4344,
    lastDataSentMs: 4.4,
    lastDataReceivedMs: 400,
    lastAckMs: 0,
  }),
});

t.test('-i: the line that Linux prints, as far as there is something to tell', async (t) => {
  t.equal(
    tcpText(SENDING, { withOptions: true, numeric: false }),
    'ts sack cubic wscale:7,10 rto:220 rtt:20/5.5 mss:1448 pmtu:1500 rcvmss:536 advmss:1460 cwnd:10 bytes_sent:98824 ' +
      'bytes_retrans:4344 bytes_acked:80000 bytes_received:5 segs_out:80 segs_in:12 data_segs_out:70 data_segs_in:1 ' +
      'send 5.79Mbps lastsnd:4 lastrcv:400 unacked:10 retrans:1/3 lost:1 sacked:2 dsack_dups:1 notsent:5520 ' +
      'minrtt:19.25 snd_wnd:65535 rcv_wnd:65536',
  );
  const slow = { ...SENDING, slowStartThreshold: 10_136, info: { ...SENDING.info, backoff: 2 } as never };
  const text = tcpText(slow, { withOptions: false, numeric: true });
  t.match(text, /^cubic .* rto:220 backoff:2 rtt:.* cwnd:10 ssthresh:7 .* send 5791884bps /);
  t.equal(tcpText(row({ state: 'LISTEN' }), { withOptions: true, numeric: true }), undefined);
  t.equal(tcpText({ ...SENDING, state: 'TIME_WAIT' }, { withOptions: true, numeric: true }), undefined);
});

t.test('-i: what is learned of ACKs, order and the reading program', async (t) => {
  const learned = { delayedAckMs: 40, reorderingSegments: 7, receiveRttMs: 20.25, receiveSpaceBytes: 14_480 };
  const text = tcpText({ ...SENDING, info: info(learned) }, { withOptions: false, numeric: false });
  t.match(text, / rtt:20\/0 ato:40 mss:1448 /);
  t.match(text, / reordering:7 rcv_rtt:20\.25 rcv_space:14480 notsent:/);
});

t.test('-m: memory', async (t) => {
  t.equal(memoryText(SENDING), 'skmem:(r7,rb131072,t0,tb262144,f0,w20000,o0,bl0,d0)');
  t.equal(memoryText(row({ protocol: 'udp' })), undefined);
});

t.test('-o: timers, in the forms of iproute2', async (t) => {
  const timer = (kind: 'retransmit' | 'persist' | 'keepalive' | 'time-wait' | 'delayed-ack' | '', timerMs: number) =>
    timerText({ ...SENDING, timer: kind, timerMs });
  t.equal(timer('retransmit', 204.4), 'timer:(on,204ms,0)');
  t.equal(timer('persist', 76), 'timer:(persist,076ms,0)');
  t.equal(timer('time-wait', 8772), 'timer:(timewait,8.772ms,0)');
  t.equal(timer('time-wait', 59_990), 'timer:(timewait,59sec,0)');
  t.equal(timer('keepalive', 80_000), 'timer:(keepalive,1min20sec,0)');
  t.equal(timer('keepalive', 7_200_000), 'timer:(keepalive,120min,0)');
  t.equal(timer('retransmit', 0), 'timer:(on,000ms,0)');
  t.equal(timer('delayed-ack', 40), undefined);
  t.equal(timer('', 0), undefined);
});

t.test('-s: how many of which kind', async (t) => {
  const sockets = [SENDING, row({ state: 'LISTEN' }), row({ state: 'TIME_WAIT' }), row({ protocol: 'udp' })];
  t.equal(
    summaryText(sockets),
    [
      'Total: 3',
      'TCP:   3 (estab 1, closed 1, orphaned 0, timewait 1)',
      '',
      'Transport Total     IP        IPv6',
      'RAW\t  0         0         0        ',
      'UDP\t  1         1         0        ',
      'TCP\t  2         2         0        ',
      'INET\t  3         3         0        ',
      'FRAG\t  0         0         0        ',
      '',
      '',
    ].join('\n'),
  );
});
