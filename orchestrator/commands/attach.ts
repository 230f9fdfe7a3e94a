import { Command, Option } from 'commander';
import {
  type AttachedPort,
  type AttachRequest,
  FOREIGN_ENCAPSULATIONS,
  RPC_INVALID_PARAMS,
  RpcError,
  tunnelOfRequest,
} from '../../devices/control.js';
import { CliError } from '../errors.js';
import { ask, connectDevice } from '../lab/reach-device.js';
import { findLab, type LabState } from '../lab/state.js';
import { news, painter, print, printJson } from '../terminal.js';

interface AttachOptions {
  readonly encap: AttachRequest['encapsulation'];
  readonly local: string;
  readonly remote: string;
  readonly vni?: string;
  readonly port?: string;
  readonly lab?: string;
  readonly json?: boolean;
}

export function attachCommand(): Command {
  return new Command('attach')
    .description('give a running device a port for something that is not ours: a virtual machine, a network namespace')
    .argument('<device>', 'the device')
    .addOption(
      new Option('--encap <encapsulation>', 'udp: VPCS, QEMU; vxlan: a Linux kernel')
        .choices(FOREIGN_ENCAPSULATIONS)
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--local <ip:port>',
      'where the device listens; an address that is not 127.x opens the lab to others',
    )
    .requiredOption('--remote <ip:port>', 'the peer, the only one that is listened to')
    .option('--vni <n>', 'the VXLAN network identifier, 0 to 16777215')
    .option('--port <name>', 'name of the new port; the next free one when left out')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print what was made as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  netarium attach home-switch --encap udp \\\n' +
        '    --local 127.0.0.1:36000 --remote 127.0.0.1:26000\n' +
        '  netarium attach home-switch --encap vxlan --vni 42 \\\n' +
        '    --local 10.200.7.1:4790 --remote 10.200.7.2:4790\n' +
        '  netarium detach home-switch 4',
    )
    .action(async (device: string, options: AttachOptions) => {
      const request = requestOf(options);
      const state = await findLab(options.lab);
      const made = await call<AttachedPort>(state, device, 'attach', request);
      if (options.json) {
        printJson(made);
        return;
      }
      print(made.link);
      if (made.mac === undefined) return;
      const hint = `give it an address: netarium exec ${device} ip addr add ADDRESS/LENGTH dev ${made.port}`;
      news(painter(process.stderr)('dim', hint));
    });
}

export function detachCommand(): Command {
  return new Command('detach')
    .description('take away a port that was attached')
    .argument('<device>', 'the device')
    .argument('<port>', 'the port, as `attach` has named it')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print what was taken away as JSON')
    .action(async (device: string, port: string, { lab, json }: { lab?: string; json?: boolean }) => {
      await call(await findLab(lab), device, 'detach', { port });
      if (json) printJson({ device, port });
      else news(`detached ${device}:${port}`);
    });
}

/** Checked here as well as on the device, so that a slip of the pen is told without a lab. */
function requestOf({ encap, local, remote, vni, port }: AttachOptions): AttachRequest {
  if (vni !== undefined && !/^\d{1,8}$/.test(vni)) throw new CliError(2, `--vni ${vni}: write a number, 0 to 16777215`);
  const request: AttachRequest = {
    encapsulation: encap,
    local,
    remote,
    ...(vni !== undefined && { vni: Number(vni) }),
    ...(port !== undefined && { port }),
  };
  const tunnel = tunnelOfRequest({ ...request });
  if (typeof tunnel === 'string') {
    const hint = encap === 'vxlan' && vni === undefined ? 'Add --vni N, a number from 0 to 16777215.' : undefined;
    throw new CliError(2, tunnel.replace(/^(local|remote|vni):/, '--$1:').replace(/^only/, '--vni: only'), hint);
  }
  return request;
}

async function call<Result>(state: LabState, device: string, method: string, params: object): Promise<Result> {
  const client = await connectDevice(state, device);
  try {
    return await ask<Result>(state, device, client, method, params);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const isUsage = error instanceof RpcError && error.code === RPC_INVALID_PARAMS;
    throw new CliError(isUsage ? 2 : 1, (error as Error).message);
  } finally {
    client.close();
  }
}
