/**
 * A command as a person types it on a device: it takes words and a terminal, and ends with an exit status. It knows
 * neither the control channel nor a real terminal; what it works on comes in by its factory: `ping(network, resolver)`.
 */
import type { TableName, TableRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { Instant } from '../../stack/clock.js';
import type { Port } from '../../stack/link/port.js';
import type { Random } from '../../stack/random.js';
import type { Tracer } from '../../stack/trace.js';
import type { DhcpClient } from '../dhcp/client.js';

export interface Command {
  /** The word that calls it. */
  readonly name: string;
  /** What it does, in one line for `help`. */
  readonly summary: string;
  /** Its arguments as in a manual page's synopsis, without the word `usage`: `ping [-c count] destination`. */
  readonly usage: string;
  /**
   * Runs to its end and gives the exit status, that of the Linux tool where there is one: 0 done, 1 failed, 2 wrong
   * arguments. Rejects only for broken invariants; what a user can cause is told on stderr.
   * @param argv the words after the name
   */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** A command's terminal. */
export interface CommandIo {
  /** Any piece of text; lines end in `\n`. */
  stdout(text: string): void;
  /** Resolves when the terminal has kept up, or has gone. To be awaited by whoever prints without bound. */
  drained(): Promise<void>;
  stderr(text: string): void;
  /** Text as typed, or bytes; ends at end of file. At most one reader. */
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** Aborted by Ctrl-C. The command ends soon after, printing what it prints on Linux. */
  readonly signal: AbortSignal;
  /** Width of the terminal in characters. */
  readonly columns: number;
}

/** Exit status after wrong arguments. */
export const USAGE_STATUS = 2;
/** Exit status of a command that Ctrl-C ended, where the tool has no other: 128 + SIGINT, as shells report it. */
export const INTERRUPTED_STATUS = 130;

/** What `show` reads; every kind of machine has it. */
export interface TableContext {
  readonly machineName: string;
  readonly tables: readonly TableName[];
  inspect(table: TableName): TableRow[];
}

/** What `tcpdump` looks at; every kind of machine has it. */
export interface PortContext {
  /** Those of the moment: ports come and go on a running device. */
  readonly ports: readonly Port[];
  /** Milliseconds on the lab's timeline. */
  now(): Instant;
  /** Milliseconds since 1970. */
  wallClock(): number;
}

/** What the commands of a machine with a stack work on. */
export interface CommandContext extends TableContext, PortContext {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly tracer: Tracer;
  /** PEM certificates of who may vouch for servers. */
  readonly authorities: readonly string[];
  /** One a port that asks for its address by DHCP; often none. */
  readonly dhcpClients: readonly DhcpClient[];
  /** Forked by each command for its identifiers. */
  readonly random: Random;
}
