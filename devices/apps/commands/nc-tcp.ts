/** `nc` over TCP. */
import type { Network } from '../../net/network.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import { type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure } from './define.js';
import { Input, type NcOptions, type NcTarget, problemText, tellSuccess } from './nc-options.js';

export async function talkTcp(network: Network, target: NcTarget, options: NcOptions, io: CommandIo): Promise<number> {
  const socket = await connect(network, target, options, io);
  if (socket === undefined) return io.signal.aborted ? INTERRUPTED_STATUS : 1;
  tellSuccess(target, options, io);
  return converse(network, socket, new Input(io.stdin), options, io);
}

/** `-z`: whether somebody listens. */
export async function probeTcp(
  network: Network,
  target: NcTarget,
  options: NcOptions,
  io: CommandIo,
): Promise<boolean> {
  const socket = await connect(network, target, options, io);
  if (socket === undefined) return false;
  tellSuccess(target, options, io);
  socket.destroy();
  return true;
}

export async function listenTcp(network: Network, port: number, options: NcOptions, io: CommandIo): Promise<number> {
  const server = network.createServer({ program: 'nc' });
  const waiting: TcpSocket[] = [];
  let wake = (): void => {};
  let failure: SocketError | undefined;
  server.on('connection', (socket) => {
    // Errors before its turn comes end it, nothing else.
    socket.on('error', () => {});
    waiting.push(socket);
    if (!options.keepListening) server.close();
    wake();
  });
  server.on('error', (error) => {
    failure = error as SocketError;
    wake();
  });
  server.listen({ port, host: '0.0.0.0' }, () => {
    if (options.verbose) io.stderr(`Listening on 0.0.0.0 ${port}\n`);
  });
  const interrupt = (): void => wake();
  io.signal.addEventListener('abort', interrupt);
  const input = new Input(io.stdin);
  try {
    for (;;) {
      while (waiting.length === 0 && failure === undefined && !io.signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure !== undefined) throw new CommandFailure(problemText(failure));
      const socket = waiting.shift();
      if (io.signal.aborted || socket === undefined) return INTERRUPTED_STATUS;
      if (options.verbose) io.stderr(`Connection received on ${socket.remoteAddress} ${socket.remotePort}\n`);
      const status = await converse(network, socket, input, options, io);
      if (!options.keepListening || io.signal.aborted) return status;
    }
  } finally {
    io.signal.removeEventListener('abort', interrupt);
    for (const socket of waiting) socket.destroy();
    if (server.listening) server.close();
  }
}

/** Connected; undefined, told on stderr with `-v`, when that fails; undefined, too, when Ctrl-C comes first. */
function connect(
  network: Network,
  target: NcTarget,
  options: NcOptions,
  io: CommandIo,
): Promise<TcpSocket | undefined> {
  const { host, address, port } = target;
  return new Promise((resolve) => {
    const socket = network.connect({ host: address, port, program: 'nc', localPort: options.sourcePort });
    const timer =
      options.timeoutMs === undefined ? undefined : network.after(options.timeoutMs, () => fail('timed out'));
    const interrupt = (): void => {
      socket.destroy();
      end(undefined);
    };
    const end = (result: TcpSocket | undefined): void => {
      timer?.clear();
      io.signal.removeEventListener('abort', interrupt);
      resolve(result);
    };
    const fail = (what: string): void => {
      // Without -v only the exit status tells.
      if (options.verbose) io.stderr(`nc: connect to ${host} port ${port} (tcp) ${what}\n`);
      socket.destroy();
      end(undefined);
    };
    const failed = (error: Error): void => fail(`failed: ${problemText(error as SocketError)}`);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      end(socket);
    });
    io.signal.addEventListener('abort', interrupt, { once: true });
    if (io.signal.aborted) interrupt();
  });
}

/** Until both directions have ended, time is over, or Ctrl-C comes. */
async function converse(
  network: Network,
  socket: TcpSocket,
  input: Input,
  options: NcOptions,
  io: CommandIo,
): Promise<number> {
  const decoder = new TextDecoder();
  let status = 0;
  socket.on('data', (chunk: Buffer) => {
    io.stdout(decoder.decode(chunk, { stream: true }));
    socket.pause();
    io.drained().then(() => socket.resume());
  });
  socket.on('error', (error) => {
    status = 1;
    if (options.verbose) io.stderr(`nc: read: ${problemText(error as SocketError)}\n`);
  });
  if (options.timeoutMs !== undefined) socket.setTimeout(options.timeoutMs, () => socket.destroy());
  const interrupt = (): void => void socket.destroy();
  io.signal.addEventListener('abort', interrupt, { once: true });
  if (io.signal.aborted) interrupt();
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  await sendInput(network, socket, input, options, closed);
  await closed;
  io.signal.removeEventListener('abort', interrupt);
  return io.signal.aborted ? INTERRUPTED_STATUS : status;
}

async function sendInput(
  network: Network,
  socket: TcpSocket,
  input: Input,
  options: NcOptions,
  closed: Promise<void>,
): Promise<void> {
  for (let piece = await input.next(closed); piece !== undefined; piece = await input.next(closed)) {
    if (socket.writableEnded || socket.destroyed) return;
    if (!socket.write(piece)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))]);
  }
  if (socket.destroyed) return;
  if (options.shutdownAtEnd) socket.end();
  if (options.quitMs === undefined) return;
  const timer = network.after(options.quitMs, () => socket.end());
  await closed;
  timer.clear();
}
