import { Command } from 'commander';
import { didYouMean } from '../../../devices/stack/wire/nearest.js';
import { checkDevice } from '../../chaos/device-fault.js';
import { DEVICE_ACTIONS, type DeviceAction, type DeviceRequest } from '../../chaos/fault.js';
import { CliError } from '../../errors.js';
import { withChaos } from './client.js';
import { showMade } from './show.js';
import { type CommonOptions, commonOf, readSignedDuration, withCommonOptions } from './values.js';

interface DeviceOptions extends CommonOptions {
  readonly factor?: string;
  readonly rate?: string;
  readonly offset?: string;
}

const EXAMPLES = `
kill: SIGKILL, as by a power cut. stop: in an orderly way. pause: SIGSTOP.
start, restart and resume bring it back, with the same links, addresses, MACs.

Examples:
  netarium chaos device bb-west kill --for 5s
  netarium chaos device bb-west start
  netarium chaos device isp-dns slow --factor 4
  netarium chaos device client clock --rate 105% --offset -2h`;

export function deviceCommand(): Command {
  const command = new Command('device')
    .description('kill, stop, start, restart, pause or resume a device; slow it down; set its clock wrong')
    .argument('<device>', 'the device')
    .argument('<action>', `what happens to it: ${DEVICE_ACTIONS.join(', ')}`)
    .option('--factor <n>', 'slow: as on a CPU of 1/n of the speed, above 1 to 1000')
    .option('--rate <percent>', 'clock: how fast it goes, 10% to 1000%; 105% is 5 % fast')
    .option('--offset <time>', 'clock: how far date and time are wrong, such as 90s or -2h');
  return withCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (device: string, action: string, options: DeviceOptions) => {
      const request = deviceRequest(device, action, options);
      checkDevice(request);
      await withChaos(options.lab, async (chaos) => showMade(chaos, await chaos.apply(request), options.json));
    });
}

export function deviceRequest(device: string, action: string, options: DeviceOptions): DeviceRequest {
  const { factor, rate, offset } = options;
  return {
    kind: 'device',
    device,
    action: actionOf(action),
    ...commonOf(options),
    ...(factor !== undefined && { factor: factorOf(factor) }),
    ...(rate !== undefined && { rate: rateOf(rate) }),
    ...(offset !== undefined && { offsetMs: readSignedDuration('--offset', offset) }),
  };
}

function actionOf(word: string): DeviceAction {
  const action = DEVICE_ACTIONS.find((one) => one === word);
  if (action !== undefined) return action;
  const near = didYouMean(word, DEVICE_ACTIONS).trim();
  throw new CliError(2, `"${word}" is no action: write ${DEVICE_ACTIONS.join(', ')}`, near === '' ? undefined : near);
}

function factorOf(text: string): number {
  const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (factor > 1 && factor <= 1000) return factor;
  throw new CliError(2, `--factor: "${text}" is not how many times slower: write a number above 1, to 1000`);
}

function rateOf(text: string): number {
  const rate = /^\d+(\.\d+)? ?%$/.test(text) ? Number.parseFloat(text) / 100 : 0;
  if (rate >= 0.1 && rate <= 10) return rate;
  throw new CliError(2, `--rate: "${text}" is not how fast a clock goes: write 10% to 1000%, such as 105%`);
}
