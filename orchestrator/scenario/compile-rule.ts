/** Faults that know protocols, as a scenario writes them. */
import type { RuleAction } from '../../devices/control.js';
import type { FaultRequest, RuleRequest } from '../chaos/fault.js';
import { checkRule } from '../chaos/rule-fault.js';
import type { Path } from '../topology/source.js';
import { parseShare, parseSize } from '../topology/units.js';
import { type Compiler, ms, optionalMs } from './compiler.js';
import { type ChaosFile, RULE_ACTIONS } from './schema-chaos.js';

/** What every fault has. */
export interface Common {
  readonly forMs?: number;
  readonly seed: string;
}

const RULE_PARAMETERS: Partial<Record<keyof ChaosFile, RuleAction['kind']>> = {
  delay: 'delay',
  jitter: 'delay',
  copies: 'duplicate',
  bits: 'corrupt',
  fixFcs: 'corrupt',
  reply: 'reply',
  after: 'reset',
};

export function ruleRequest(compiler: Compiler, file: ChaosFile, path: Path, common: Common): FaultRequest | undefined {
  const text = file.fault ?? '';
  const filter = compiler.filter(text, [...path, 'fault']);
  const kind = RULE_ACTIONS.find((known) => known === file.action);
  if (kind === undefined) {
    compiler.problem(
      [...path, file.action === undefined ? 'fault' : 'action'],
      `what do packets suffer? "action" is one of ${RULE_ACTIONS.join(', ')}`,
    );
    return undefined;
  }
  refuseOthers(compiler, file, path, RULE_PARAMETERS, kind);
  const { at } = file;
  if (at !== undefined) compiler.attempt([...path, 'at'], () => compiler.cabling.place(at));
  const action = ruleAction(compiler, file, path, kind);
  if (action === undefined || filter === undefined) return undefined;
  const request: RuleRequest = {
    kind: 'rule',
    filter: text,
    action,
    ...(at !== undefined && { at }),
    ...(file.skip !== undefined && { skip: file.skip }),
    ...(file.count !== undefined && { count: file.count }),
    ...(file.share !== undefined && { share: parseShare(file.share) }),
    ...common,
  };
  compiler.attempt([...path, 'fault'], () => checkRule(request));
  return request;
}

function ruleAction(compiler: Compiler, file: ChaosFile, path: Path, kind: RuleAction['kind']): RuleAction | undefined {
  const missing = (key: string, example: string) => {
    compiler.problem([...path, 'action'], `"${key}" is missing here: write ${example}`, {}, 'missing-key');
    return undefined;
  };
  switch (kind) {
    case 'drop':
      return { kind };
    case 'delay':
      if (file.delay === undefined) return missing('delay', 'delay: 50ms');
      return { kind, delayMs: ms(file.delay), ...(file.jitter !== undefined && { jitterMs: optionalMs(file.jitter) }) };
    case 'duplicate':
      return { kind, ...(file.copies !== undefined && { copies: file.copies }) };
    case 'corrupt':
      return {
        kind,
        ...(file.bits !== undefined && { bits: file.bits }),
        ...(file.fixFcs !== undefined && { fixFcs: file.fixFcs }),
      };
    case 'reply':
      if (file.reply === undefined) return missing('reply', 'reply: servfail');
      return { kind, reply: file.reply };
    case 'reset':
      return { kind, ...(file.after !== undefined && { afterBytes: parseSize(file.after) }) };
  }
}

/** Parameters that belong to another action than this one. */
export function refuseOthers(
  compiler: Compiler,
  file: ChaosFile,
  path: Path,
  belongs: Partial<Record<keyof ChaosFile, string>>,
  action: string,
): void {
  for (const [key, owner] of Object.entries(belongs)) {
    if (file[key as keyof ChaosFile] === undefined || owner === action) continue;
    compiler.problem([...path, key], `"${key}" belongs to "action: ${owner}"`, { key: true });
  }
}
