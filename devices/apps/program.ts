/** Programs that are no part of this project, and the emulated host that they run on. */
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectRequest {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  readonly timeout?: number;
}

/** A port of the emulated host that a program's server listens on. */
export interface ProgramListener {
  address(): { readonly address: string; readonly family: string; readonly port: number } | null;
  close(): void;
}

/** What a program finds in the place of the operating system. */
export interface ProgramHost {
  /** Certificates (PEM) of those that it trusts. */
  readonly authorities: readonly string[];
  /** `server.listen(…)`: the server gets 'connection', 'listening' and 'error' from this host. 0: a free port. */
  listen(server: Server, where: { readonly port: number; readonly address?: string }): ProgramListener;
  /** `net.connect(…)`, with names resolved as the host resolves them. */
  connect(request: ConnectRequest, listener?: () => void): Duplex;
  /** `dns.lookup(…)`: the addresses of a name, at least one. Rejects as that does (ENOTFOUND, EAI_AGAIN). */
  resolve(name: string): Promise<readonly string[]>;
}

export interface ProgramLoader {
  /** Runs a module (absolute path) and gives its exports. Rejects with what it throws. */
  load(path: string, host: ProgramHost): Promise<Readonly<Record<string, unknown>>>;
  /** ` at FILE:LINE:COLUMN: TEXT` of what loading this module ended in, for the end of a sentence; may be empty. */
  placeOf(error: unknown, path: string): Promise<string>;
  /** Calls a program of that host: what it opens, now or later on account of this call, is opened there. */
  call<T>(host: ProgramHost, program: () => T): T;
  /** What this socket tells is told to the program: what that throws, or leaves without a listener, is its own affair. */
  adopt<T extends Duplex>(host: ProgramHost, socket: T): T;
}
