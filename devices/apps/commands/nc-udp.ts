/** `nc` over UDP. */
import type { Network } from '../../net/network.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { UdpSender, UdpSocket } from '../../net/udp-socket.js';
import type { Timer } from '../../stack/clock.js';
import { type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure } from './define.js';
import { Input, type NcOptions, type NcTarget, problemText, tellSuccess } from './nc-options.js';

/** `-z`: how long the "port unreachable" of a closed port is waited for. */
const PROBE_MS = 1000;

export async function talkUdp(network: Network, target: NcTarget, options: NcOptions, io: CommandIo): Promise<number> {
  const socket = open(network, options.sourcePort ?? 0);
  socket.connect(target.port, target.address);
  tellSuccess(target, options, io);
  return converse(network, socket, Promise.resolve(), options, io);
}

/** Silence is taken for an open port. */
export async function probeUdp(
  network: Network,
  target: NcTarget,
  options: NcOptions,
  io: CommandIo,
): Promise<boolean> {
  const socket = open(network, options.sourcePort ?? 0);
  let failed = false;
  socket.on('error', () => {
    failed = true;
  });
  socket.connect(target.port, target.address);
  socket.send('X');
  try {
    await network.sleep(options.timeoutMs ?? PROBE_MS, io.signal);
  } catch {
    failed = true;
  }
  socket.close();
  if (!failed) tellSuccess(target, options, io);
  return !failed;
}

/** Who speaks first is the one that is spoken with. */
export async function listenUdp(network: Network, port: number, options: NcOptions, io: CommandIo): Promise<number> {
  const socket = open(network, port);
  const peer = new Promise<void>((resolve) => {
    const meet = (_bytes: Buffer, from: UdpSender): void => {
      // RFC 768: who sends from port 0 expects no answer: it can be heard, but not be spoken with.
      if (from.port === 0) return;
      socket.off('message', meet);
      if (options.verbose) io.stderr(`Connection received on ${from.address} ${from.port}\n`);
      socket.connect(from.port, from.address);
      resolve();
    };
    socket.on('message', meet);
  });
  if (options.verbose) socket.once('listening', () => io.stderr(`Bound on 0.0.0.0 ${port}\n`));
  return converse(network, socket, peer, options, io);
}

function open(network: Network, port: number): UdpSocket {
  const socket = network.createUdpSocket({ program: 'nc' });
  socket.setBroadcast(true);
  return socket.bind(port);
}

/** One datagram a piece of input. Ends by Ctrl-C, by an error about the peer, or after a silence (`-w`, `-q`). */
async function converse(
  network: Network,
  socket: UdpSocket,
  peer: Promise<void>,
  options: NcOptions,
  io: CommandIo,
): Promise<number> {
  const decoder = new TextDecoder();
  let failure: SocketError | undefined;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { timeoutMs, quitMs } = options;
  let silence: Timer | undefined;
  const restartSilence = (): void => {
    silence?.clear();
    if (timeoutMs !== undefined) silence = network.after(timeoutMs, finish);
  };
  socket.on('message', (bytes) => {
    restartSilence();
    io.stdout(decoder.decode(bytes));
  });
  socket.on('error', (error) => {
    failure = error;
    finish();
  });
  io.signal.addEventListener('abort', finish, { once: true });
  if (io.signal.aborted) finish();
  restartSilence();
  await Promise.race([peer, finished]);
  const input = new Input(io.stdin);
  for (let piece = await input.next(finished); piece !== undefined; piece = await input.next(finished)) {
    socket.send(piece);
    restartSilence();
  }
  const quit = quitMs === undefined ? undefined : network.after(quitMs, finish);
  await finished;
  for (const timer of [quit, silence]) timer?.clear();
  io.signal.removeEventListener('abort', finish);
  socket.close();
  if (failure !== undefined) throw new CommandFailure(problemText(failure));
  return io.signal.aborted ? INTERRUPTED_STATUS : 0;
}
