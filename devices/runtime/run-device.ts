/**
 * A device as a process: reads its config file, opens its tunnels and its control socket, says that it is ready, and
 * runs its machine until it is told to end, or until the process that supervises it has gone.
 *
 *     node host.cjs --config FILE [--supervised] [--life N]
 *
 * This folder is the only code that touches the operating system: sockets, clock, files, signals, logs. It knows of
 * a machine what `apps/machine.ts` says, and nothing of protocols above the tunnel's records.
 *
 * Supervised: the machine starts on the `start` call, once all devices are there, and the process ends when its
 * standard input closes. Otherwise it starts at once and ends on SIGINT or SIGTERM.
 *
 * A device that was ended and starts again is in its next life. It draws other random numbers there, as a computer does
 * after each boot: with those of its first life it would use the ports of connections again that its peers still have.
 */
import { readFileSync, realpathSync, unlinkSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import pino from 'pino';
import type { MachineFactory } from '../apps/machine.js';
import { checkDeviceConfig, type DeviceConfig, type DeviceKind, type ReadyMessage } from '../control.js';
import { Random } from '../stack/random.js';
import { Attachments } from './attachments.js';
import { DeviceChaos } from './chaos.js';
import { folderClaims } from './claims.js';
import { DeviceClock } from './clock.js';
import { deviceMethods } from './device-api.js';
import { Driver } from './driver.js';
import { diskFiles } from './files.js';
import { DiskLogs } from './log-files.js';
import { Programs } from './programs.js';
import { RpcServer } from './rpc-server.js';
import { SlowCpu } from './slow-cpu.js';
import { TraceHub } from './trace.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** How long a device takes leave (DHCP release, FIN of open connections) before it ends anyway. */
const STOP_LIMIT_MS = 500;

export function runDevice(kind: DeviceKind, create: MachineFactory): void {
  const { config, supervised, life } = readArguments(kind);
  process.title = `netarium:${config.lab}:${config.name}`;
  launch(config, create, { supervised, life }).catch((error: Error) =>
    fail(`${config.name}: ${error.message}`, EXIT_FAILED),
  );
}

/** One line, though JSON.parse quotes the lines of a file that is none. */
function fail(message: string, exitStatus: number): never {
  process.stderr.write(`${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exit(exitStatus);
}

interface Circumstances {
  readonly supervised: boolean;
  /** Counted from 1. */
  readonly life: number;
}

function readArguments(kind: DeviceKind): Circumstances & { config: DeviceConfig } {
  let path: string | undefined;
  let supervised = false;
  let life = '1';
  try {
    const { values } = parseArgs({
      options: { config: { type: 'string' }, supervised: { type: 'boolean' }, life: { type: 'string' } },
    });
    path = values.config;
    supervised = values.supervised ?? false;
    life = values.life ?? life;
  } catch (error) {
    fail((error as Error).message, EXIT_USAGE);
  }
  if (path === undefined) fail(`usage: ${kind} --config FILE [--supervised] [--life N]`, EXIT_USAGE);
  if (!/^[1-9]\d{0,8}$/.test(life)) fail(`--life ${life}: write a number from 1 on`, EXIT_USAGE);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    fail(`${path}: ${(error as Error).message}`, EXIT_USAGE);
  }
  const config = checkDeviceConfig(json);
  if (typeof config === 'string') fail(`${path}: ${config}`, EXIT_USAGE);
  if (config.kind !== kind) fail(`${path}: kind: this program runs a ${kind}, not a ${config.kind}`, EXIT_USAGE);
  return { config, supervised, life: Number(life) };
}

async function launch(
  config: DeviceConfig,
  create: MachineFactory,
  { supervised, life }: Circumstances,
): Promise<void> {
  const log = pino(
    { name: config.name, level: config.logLevel ?? 'info' },
    config.logFile === undefined
      ? pino.destination(2)
      : pino.destination({ dest: config.logFile, mode: 0o600, sync: true }),
  );
  const clock = new DeviceClock();
  const cpu = new SlowCpu();
  const traces = new TraceHub(clock);
  const programs = new Programs({ isAlone: true, own: realpathSync(process.argv[1]) });
  const driver = new Driver(clock, cpu.worked);
  const random = new Random(config.seed).fork(`device ${config.name}`);
  const machine = create(config, {
    now: clock.now,
    wallClock: clock.wallClock,
    wake: driver.wake,
    crc32,
    random: life === 1 ? random : random.fork(`life ${life}`),
    tracer: traces,
    log,
    files: diskFiles,
    logFiles: new DiskLogs(log),
    programs,
  });
  driver.attach(machine);

  const attachments = new Attachments({ config, machine, log, onPacket: driver.receive });
  await attachments.open();

  const chaos = new DeviceChaos({
    machine,
    isExternal: (port) => attachments.isExternal(port),
    claims: (folder) => folderClaims(folder, log),
    setSlowness: cpu.setFactor,
    setClock: (skew) => {
      clock.setSkew(skew);
      driver.rearm();
    },
    now: clock.now,
    wake: driver.wake,
  });

  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    machine.start();
    driver.wake();
    log.info('started');
  };
  let ending = false;
  const shutdown = (reason: string) => {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'ending');
    const end = () => {
      attachments.close();
      control.close();
      driver.stop();
      cpu.stop();
      process.exit(0);
    };
    setTimeout(end, STOP_LIMIT_MS);
    machine
      .stop()
      .catch((error) => log.error({ err: error }, 'the programs did not end in an orderly way'))
      .then(end);
  };

  const control = new RpcServer(
    config.control,
    deviceMethods({ config, machine, attachments, traces, chaos, clock, start, shutdown: () => shutdown('asked to') }),
  );
  await control.open();

  process.on('SIGINT', () => {
    // Ctrl-C in a terminal reaches the whole group; under supervision the supervisor decides.
    if (!supervised) shutdown('SIGINT');
  });
  process.on('SIGTERM', () => shutdown('SIGTERM'));
  process.on('SIGHUP', () => {
    if (!supervised) shutdown('SIGHUP');
  });
  process.on('uncaughtException', (error) => {
    if (programs.isFromProgram(error)) {
      log.error({ err: error }, `an application has failed: ${error?.message ?? error}`);
      return;
    }
    log.fatal({ err: error }, 'crashed');
    control.close();
    process.exit(70);
  });
  if (supervised) endWithSupervisor(config);
  const ready: ReadyMessage = { ready: true, name: config.name, pid: process.pid, control: config.control };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  if (!supervised) start();
}

/**
 * The supervisor holds the other end of standard input. When it closes, however that came, nothing may be left. Twenty
 * orderly exits at once take a busy machine seconds, so the process takes its socket files away and is gone.
 */
function endWithSupervisor({ control, supervisor }: DeviceConfig): void {
  const orphaned = () => {
    for (const path of [control, supervisor]) {
      try {
        if (path !== undefined) unlinkSync(path);
      } catch {
        // A named pipe, or another device of the lab was quicker.
      }
    }
    process.kill(process.pid, 'SIGKILL');
  };
  process.stdin.on('end', orphaned).on('close', orphaned).on('error', orphaned).resume();
}
