/**
 * One device as a whole, still without an operating system: what devices/runtime drives with real sockets and
 * a real clock, and what the test world drives with neither.
 *
 * In this folder are the programs of devices (dhcp/, dns/, web/, commands/), and kinds/ that put a device together from
 * its config. Programs see the network by net/, files and log by the {@link Environment}, time by both; never the system.
 */
import type { Readable } from 'node:stream';
import type { DeviceConfig, PortConfig } from '../control/config.js';
import type { FetchRequest, FetchResult } from '../control/rpc.js';
import type { StreamRequest } from '../control/stream.js';
import type { TableName, TableRow } from '../control/tables.js';
import type { Resolution } from '../net/resolver.js';
import type { TcpSocket } from '../net/tcp-socket.js';
import type { Instant } from '../stack/clock.js';
import type { Counters } from '../stack/counters.js';
import type { Port } from '../stack/link/port.js';
import type { Random } from '../stack/random.js';
import type { Tracer } from '../stack/trace.js';
import type { Ipv4Address } from '../stack/wire/address.js';
import type { Crc32 } from '../stack/wire/fcs.js';
import type { Command } from './commands/command.js';
import type { ProgramLoader } from './program.js';

/** What a machine needs of the outside world. */
export interface Environment {
  /** Milliseconds on the lab's monotonic timeline. */
  now(): Instant;
  /** Milliseconds since 1970, for what people read: the Date header, the age of files. */
  wallClock(): number;
  /** The machine's next deadline may have moved: whoever drives it asks `nextTimeoutAt()` again. */
  wake(): void;
  /** A faster CRC-32 than the portable one, where there is one. */
  readonly crc32?: Crc32;
  /** The root of all random draws of this machine. */
  readonly random: Random;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly files: FileStore;
  /** Where programs write logs of their own; left out: nowhere. */
  readonly logFiles?: LogFiles;
  /** Runs modules that are no part of this project; left out: there are none. */
  readonly programs?: ProgramLoader;
}

/** Shaped like pino: facts first, then the sentence. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const NO_LOG: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The files that programs on a machine may read. Programs never touch the file system themselves. */
export interface FileStore {
  /**
   * The whole file; undefined when there is no regular file of that name (a folder is none) or it may not be read.
   * With a `root`, also undefined for what lies outside that folder once symbolic links are followed.
   */
  read(absolutePath: string, root?: string): Promise<StoredFile | undefined>;
  /** The same for files that may be large: nothing of it is read yet. Left out: files are read whole. */
  find?(absolutePath: string, root?: string): Promise<FoundFile | undefined>;
}

export interface FoundFile {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  whole(): Promise<Uint8Array>;
  /** The bytes from `start` to `end`, both inclusive. Fails when the file has become shorter meanwhile. */
  part(start: number, end: number): Readable;
}

export interface LogFiles {
  /** Adds a text to a file that only its owner may read; in order, without waiting for it. What fails is lost. */
  append(absolutePath: string, text: string): void;
}

export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

export interface Machine {
  readonly name: string;
  readonly kind: string;
  /** In the order in which they came: those of the config, then those that were added. */
  readonly ports: readonly Port[];
  /** One more port, at once in use. It must have a name of its own; its `tunnel` and `dhcp` are ignored. */
  addPort(config: PortConfig): Port;
  /** The port goes with all that the machine knows of it. What it may still be given is lost. */
  removePort(port: Port): void;
  /** A packet (preamble to FCS) came in by one of the ports. */
  receive(port: Port, packet: Uint8Array, now: Instant): void;
  /** Whether an address is its own; machines with a protocol stack only: others make no packets. */
  owns?(address: Ipv4Address): boolean;
  /** The next router on the way there; undefined when there is none. Machines with a protocol stack only. */
  gatewayTo?(destination: Ipv4Address): Ipv4Address | undefined;
  /** Runs the deadlines that are due. */
  advance(now: Instant): void;
  /** The next deadline; `NEVER` when there is none. */
  nextTimeoutAt(): Instant;
  /** Announces the addresses and starts the programs. Once. */
  start(): void;
  /** Ends the programs; resolves when they have let go of what they hold. */
  stop(): Promise<void>;
  /** False while a port still waits for its address by DHCP. */
  readonly configured: boolean;
  /** False while a program is still being loaded. */
  readonly loaded: boolean;
  /** Why programs did not start: sentences for the user. */
  readonly faults: readonly string[];
  readonly counters: Counters;
  /** The tables that this kind of machine has. */
  readonly tables: readonly TableName[];
  /** Rows of one table; none for a table that the machine does not have. The runtime fills in the datagram counts. */
  inspect(table: TableName): TableRow[];
  readonly commands: ReadonlyMap<string, Command>;
  /** Loads a page; hosts only. Failures are part of the result, it never rejects. */
  fetch?(request: FetchRequest): Promise<FetchResult>;
  /**
   * Opens a TCP connection by name or address; machines with a protocol stack only. Rejects with DialError, or with the
   * signal's reason.
   */
  connect?(request: StreamRequest, signal: AbortSignal): Promise<TcpSocket>;
  /** Looks a name up as this machine's programs do; machines with a protocol stack only. Rejects with DialError. */
  resolve?(name: string): Promise<Resolution>;
}

/** Makes a machine of one kind. Throws RangeError for a config that does not fit, naming the member. */
export type MachineFactory = (config: DeviceConfig, environment: Environment) => Machine;
