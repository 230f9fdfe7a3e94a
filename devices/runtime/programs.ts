/**
 * Programs that are no part of this project, applications of web servers: modules of JavaScript that know nothing of an
 * emulated network. What they would open on this computer, they open on their emulated host: `server.listen(3000)` makes
 * that host listen, `net.connect` and `http.request` connect from there. What cannot be led there is refused.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import dgram from 'node:dgram';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import type { ConnectRequest, ProgramHost, ProgramLoader } from '../apps/program.js';
import { handOver, ProgramFailures } from './program-failures.js';
import { leadNames } from './program-names.js';
import { placeInProgram } from './program-place.js';
import { refusal } from './program-refusal.js';

/** The host of the program that is running. */
const running = new AsyncLocalStorage<ProgramHost>();
/** Of the only machine of a process; where it is set, nothing at all is opened outside. */
let only: ProgramHost | undefined;
let installed = false;

export class Programs implements ProgramLoader {
  private readonly isAlone: boolean;
  private readonly own: string;
  private readonly failures: ProgramFailures;
  private loaded = 0;

  /**
   * `isAlone`: the process has one machine, so that each call that comes from no known program is of its programs.
   * `own`: the file that holds all code of the device.
   */
  constructor({ isAlone, own = '' }: { readonly isAlone: boolean; readonly own?: string }) {
    this.isAlone = isAlone;
    this.own = own;
    this.failures = new ProgramFailures(own);
  }

  /** Each time anew, as a process of its own would. Rejects with what the module throws. */
  async load(path: string, host: ProgramHost): Promise<Readonly<Record<string, unknown>>> {
    install();
    if (this.isAlone) only = host;
    const url = pathToFileURL(path);
    url.searchParams.set('instance', String(++this.loaded));
    return running.run(host, () => import(url.href));
  }

  placeOf(error: unknown, path: string): Promise<string> {
    return placeInProgram(error, path, this.own);
  }

  call<T>(host: ProgramHost, program: () => T): T {
    return running.run(host, () => this.failures.watch(program));
  }

  adopt<T extends Duplex>(host: ProgramHost, socket: T): T {
    const emit = socket.emit as (...args: unknown[]) => boolean;
    const told = (...args: unknown[]) => {
      if (args[0] === 'error') handOver(args[1]);
      return this.call(host, () => Reflect.apply(emit, socket, args));
    };
    return Object.assign(socket, { emit: told });
  }

  /** Whether an error that nobody caught comes out of such a program. */
  isFromProgram(error: unknown): boolean {
    return this.loaded > 0 && this.failures.includes(error);
  }
}

function hostOfCaller(): ProgramHost | undefined {
  return running.getStore() ?? only;
}

/** Node's own functions, which ask from now on whose call it is. */
function install(): void {
  if (installed) return;
  installed = true;
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    const host = hostOfCaller();
    if (host === undefined) return Reflect.apply(listen, this, args);
    listenOn(host, this, args);
    return this;
  } as typeof listen;

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    if (hostOfCaller() === undefined) return Reflect.apply(connect, this, args);
    const error = refusal('connect', 'use net.connect, http, or https, which lead into the emulated network');
    process.nextTick(() => this.destroy(error));
    return this;
  } as typeof connect;

  const opened = net.connect as (...args: unknown[]) => net.Socket;
  const open = (...args: unknown[]) => {
    const host = hostOfCaller();
    return host === undefined ? opened(...args) : (host.connect(...connectArguments(args)) as net.Socket);
  };
  net.connect = open as typeof net.connect;
  net.createConnection = open as typeof net.connect;
  http.Agent.prototype.createConnection = open as typeof http.Agent.prototype.createConnection;

  // https and fetch come by here.
  const secured = tls.connect as (options: tls.ConnectionOptions, listener?: () => void) => tls.TLSSocket;
  const secure = (...args: unknown[]) => {
    const host = hostOfCaller();
    const options = Object.assign(
      {},
      ...args.filter((argument) => typeof argument === 'object'),
    ) as tls.ConnectionOptions;
    if (host === undefined || options.socket !== undefined) return Reflect.apply(secured, tls, args) as tls.TLSSocket;
    const [request, listener] = connectArguments(args);
    const {
      socket,
      servername,
      ca = [...host.authorities],
    } = { ...options, socket: host.connect(request) as net.Socket };
    const name = servername || (net.isIP(request.host) === 0 ? request.host : undefined);
    return secured({ ...options, host: request.host, socket, ca, servername: name }, listener);
  };
  tls.connect = secure as typeof tls.connect;
  refuseDatagrams();
  leadNames(hostOfCaller);
  syncBuiltinESMExports();
}

/** All forms of `server.listen` that name a TCP port. */
function listenOn(host: ProgramHost, server: net.Server, args: readonly unknown[]): void {
  const callback = args.findLast((argument) => typeof argument === 'function') as (() => void) | undefined;
  const [first, second] = args;
  const options = (
    typeof first === 'object' && first !== null ? first : { port: first, host: second }
  ) as net.ListenOptions;
  const port = Number(options.port ?? 0);
  if (callback !== undefined) server.once('listening', callback);
  const isPath = options.path !== undefined || 'fd' in options || '_handle' in options || Number.isNaN(port);
  if (isPath) {
    process.nextTick(() => server.emit('error', refusal('listen', 'only TCP ports are there to listen on')));
    return;
  }
  const address = typeof options.host === 'string' ? options.host : undefined;
  const listening = host.listen(server, { port, address });
  // What Node looks at in a server: whether it listens, where, and how that ends.
  const handle = {
    getsockname: (out: object) => {
      Object.assign(out, listening.address());
      return 0;
    },
    close: () => listening.close(),
    ref: () => {},
    unref: () => {},
  };
  Object.assign(server, { _handle: handle });
}

function connectArguments(args: readonly unknown[]): [ConnectRequest, (() => void) | undefined] {
  const callback = args.findLast((argument) => typeof argument === 'function') as (() => void) | undefined;
  const [first, second] = args;
  if (typeof first === 'object' && first !== null) {
    const { host, port, timeout } = first as { host?: string; port?: number; timeout?: number };
    return [{ host: host ?? 'localhost', port: Number(port), timeout }, callback];
  }
  return [{ host: typeof second === 'string' ? second : 'localhost', port: Number(first) }, callback];
}

/** Sockets of programs alone: the device's own tunnels are made by the function that was there before. */
function refuseDatagrams(): void {
  const { createSocket } = dgram;
  dgram.createSocket = ((...args: Parameters<typeof createSocket>) => {
    const socket = createSocket(...args);
    if (hostOfCaller() === undefined) return socket;
    socket.unref();
    for (const method of ['bind', 'connect', 'send'] as const) {
      const refused = (...given: unknown[]) => {
        const error = refusal(method, 'only TCP leads into the emulated network');
        const callback = method === 'bind' ? undefined : given.at(-1);
        if (typeof callback === 'function') process.nextTick(callback, error);
        else process.nextTick(() => socket.emit('error', error));
        return socket;
      };
      Object.assign(socket, { [method]: refused });
    }
    return socket;
  }) as typeof createSocket;
}
