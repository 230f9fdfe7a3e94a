import { Command } from 'commander';
import { deviceCommand } from './device.js';
import { linkCommand } from './link.js';
import { clearCommand, endCommand, listCommand } from './list.js';
import { monkeyCommand } from './monkey.js';
import { partitionCommand } from './partition.js';
import { ruleCommand } from './rule.js';

const EXAMPLES = `
Every fault has an id, and ends by it, by itself with --for, or with all others:

  netarium chaos link client home-switch --loss 20% --delay 50ms --for 30s
  netarium chaos device bb-west kill
  netarium chaos fault 'dns.flags.response == 0' reply servfail --count 1
  netarium chaos partition 'home-*' 'isp-*'
  netarium chaos monkey --seed 7 --for 60s
  netarium chaos list
  netarium chaos end fault-1
  netarium chaos clear`;

export function chaosCommand(): Command {
  return new Command('chaos')
    .description('break links, devices and packets on purpose, the same way every time')
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .addCommand(linkCommand())
    .addCommand(deviceCommand())
    .addCommand(ruleCommand())
    .addCommand(partitionCommand())
    .addCommand(monkeyCommand())
    .addCommand(listCommand())
    .addCommand(endCommand())
    .addCommand(clearCommand());
}
